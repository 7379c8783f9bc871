// Draws cards side by side and reports which one was clicked. Texts are set as text, never as
// HTML; covers are images, in which no script runs.

const drawnData = new WeakMap();

function element(name, fields, ...children) {
  const node = Object.assign(document.createElement(name), fields);
  node.append(...children);
  return node;
}

function image(cover, picture) {
  const drawn = `data:image/svg+xml,${encodeURIComponent(cover)}`;
  const node = element("img", { alt: "", src: picture || drawn });
  node.addEventListener("error", () => (node.src = drawn), { once: true });
  return node;
}

function card({ id, title, price, facts, note, cover, picture, is_product }) {
  const words = [element(price ? "b" : "small", { textContent: price || facts })];
  if (note) {
    words.push(element("small", { textContent: note }));
  }
  const button = element(
    "button",
    { type: "button", title: [title, price || facts, note].filter(Boolean).join("\n") },
    image(cover, picture),
    element("strong", { textContent: title }),
    ...words,
  );
  button.dataset.item = id;
  return element("li", { className: is_product ? "product" : "" }, button);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const row = parentElement.querySelector(".posters");
  const json = JSON.stringify(data);
  if (drawnData.get(row) !== json) {
    // An unchanged row is not redrawn: it keeps its scroll position and the focus.
    const first = row.querySelector("button")?.dataset.item;
    drawnData.set(row, json);
    row.replaceChildren(...data.map(card));
    if (first !== data[0]?.id) {
      row.scrollLeft = 0;
    }
  }
  row.onclick = (event) => {
    const clicked = event.target.closest("button");
    if (clicked) {
      setTriggerValue("opened", clicked.dataset.item);
    }
  };
}
