// Names widgets after the item that they are about. Titles are read from the page and set as
// attributes, never as HTML.

const STARS = '[data-testid="stFeedback"] [role="radiogroup"]';
const BUTTONS = ["hide", "show", "back"].map((key) => `[class*="st-key-${key}-"] button`).join();
const TITLE = '[class*="st-key-open-"] button';
const CARD = '[class*="st-key-card-"]';

function titleOf(widget) {
  for (let parent = widget.parentElement; parent; parent = parent.parentElement) {
    const title = parent.querySelector(TITLE) ?? parent.querySelector("h1");
    if (title) {
      return title.textContent.trim();
    }
  }
  return "";
}

function name(widget, label) {
  if (widget.getAttribute("aria-label") !== label) {
    widget.setAttribute("aria-label", label);
  }
}

function nameAll() {
  for (const group of document.querySelectorAll(STARS)) {
    name(group, `Rate ${titleOf(group)}`);
  }
  for (const button of document.querySelectorAll(BUTTONS)) {
    name(button, `${button.textContent.trim()}: ${titleOf(button)}`);
  }
}

// The Tab key stops at one card of each shelf; arrow keys move to its neighbours. Otherwise the Tab
// key would have to be pressed three times per card on the way to the next shelf.
const SHELF = '[class*="st-key-shelf-"]';
const CARDS = `${CARD}, .posters > li`;
const STOPS = "button, a, input";
const STARS_OF_CARD = '[role="radiogroup"]';
const currentCards = new WeakMap();

function keepOneStop(shelf) {
  const cards = [...shelf.querySelectorAll(CARDS)];
  if (!cards.includes(currentCards.get(shelf))) {
    currentCards.set(shelf, cards[0]);
  }
  for (const card of cards) {
    const isCurrent = card === currentCards.get(shelf);
    for (const stop of card.querySelectorAll(STOPS)) {
      if (isCurrent && "wasStop" in stop.dataset) {
        delete stop.dataset.wasStop;
        stop.tabIndex = 0;
      } else if (!isCurrent && stop.tabIndex >= 0) {
        stop.dataset.wasStop = "";
        stop.tabIndex = -1;
      }
    }
  }
  if (cards.length && shelf.getAttribute("role") !== "group") {
    shelf.setAttribute("role", "group");
    shelf.setAttribute("aria-description", "Left and right arrow keys move between titles");
  }
}

function enterCard(event) {
  const shelf = event.target.closest?.(SHELF);
  const card = event.target.closest?.(CARDS);
  if (shelf && card && currentCards.get(shelf) !== card) {
    currentCards.set(shelf, card);
    keepOneStop(shelf);
  }
}

function moveToNeighbour(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const shelf = event.target.closest?.(SHELF);
  const card = event.target.closest?.(CARDS);
  const isStar = event.target.closest?.(STARS_OF_CARD);
  if (!step || !shelf || !card || isStar || event.altKey || event.ctrlKey || event.metaKey) {
    return;
  }
  const cards = [...shelf.querySelectorAll(CARDS)];
  const neighbour = cards[cards.indexOf(card) + step];
  if (neighbour) {
    const isHide = event.target.closest('[class*="st-key-hide-"], [class*="st-key-show-"]');
    const controls = '[class*="st-key-hide-"] button, [class*="st-key-show-"] button';
    const same = isHide && neighbour.querySelector(controls);
    (same || neighbour.querySelector(TITLE) || neighbour.querySelector("button")).focus();
    event.preventDefault();
  }
}

let isRunning = false;
let isDue = false;

function soon() {
  if (!isDue) {
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      nameAll();
      document.querySelectorAll(SHELF).forEach(keepOneStop);
    });
  }
}

function openCard(event) {
  const cover = event.target.closest?.(`${CARD} img`);
  cover?.closest(CARD).querySelector(TITLE)?.click();
}

// On a phone the menu covers the page, and Streamlit leaves it open when a page is chosen.
const PHONE = 768; // pixels, below which Streamlit draws the sidebar over the page
const CLOSE_MENU = '[data-testid="stSidebarCollapseButton"] button';

function closeMenu(event) {
  if (innerWidth < PHONE && event.target.closest?.('[data-testid="stSidebar"] a')) {
    document.querySelector(CLOSE_MENU)?.click();
  }
}

// `st.switch_page` shows the item's id in the address of the page that is left before it opens the
// item's page. That would be an entry of the history of its own, to which Back leads.
function keepHistory() {
  const push = history.pushState.bind(history);
  let left = null;
  history.pushState = (state, unused, url) => {
    const next = new URL(url ?? location.href, location.href);
    const opensItem = next.pathname.endsWith("/item");
    if (next.searchParams.has("id") && !opensItem) {
      left ??= { state: history.state, url: location.href };
      history.replaceState(state, unused, url);
      return;
    }
    if (left) {
      history.replaceState(left.state, unused, left.url);
      left = null;
    }
    push(state, unused, url);
  };
}

export default function () {
  if (!isRunning) {
    isRunning = true;
    keepHistory();
    const changes = { childList: true, subtree: true, attributeFilter: ["tabindex"] };
    new MutationObserver(soon).observe(document.body, changes);
    document.addEventListener("focusin", enterCard);
    document.addEventListener("keydown", moveToNeighbour);
    document.addEventListener("click", closeMenu);
    document.addEventListener("click", openCard);
  }
  soon();
}
