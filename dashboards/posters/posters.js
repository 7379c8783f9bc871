// Draws cards side by side and tells which one was clicked. Texts are set as text, never as HTML;
// covers are images, in which no script runs.

const shown = new WeakMap();

function element(name, fields, ...children) {
  const made = Object.assign(document.createElement(name), fields);
  made.append(...children);
  return made;
}

function card({ id, title, facts, note, cover }) {
  const picture = element("img", {
    alt: "",
    src: `data:image/svg+xml,${encodeURIComponent(cover)}`,
  });
  const words = [facts, note].filter(Boolean);
  const button = element(
    "button",
    { type: "button", title: [title, ...words].join("\n") },
    picture,
    element("strong", { textContent: title }),
    ...words.map((textContent) => element("small", { textContent })),
  );
  button.dataset.item = id;
  return element("li", {}, button);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const row = parentElement.querySelector(".posters");
  const said = JSON.stringify(data);
  if (shown.get(row) !== said) {
    // What stays the same is left alone: it keeps where it was scrolled to, and the focus.
    const first = row.querySelector("button")?.dataset.item;
    shown.set(row, said);
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
