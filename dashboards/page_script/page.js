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

let isRunning = false;
let isDue = false;

function soon() {
  if (!isDue) {
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      nameAll();
    });
  }
}

function openCard(event) {
  const cover = event.target.closest?.(`${CARD} img`);
  cover?.closest(CARD).querySelector(TITLE)?.click();
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
    new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
    document.addEventListener("click", openCard);
  }
  soon();
}
