// Tables that can be sorted by their heads and filtered by a text. Without it they are plain tables.
"use strict";

const value = (row, column) => {
  const cell = row.cells[column];
  const number = cell.dataset.value;
  return number === undefined ? cell.textContent.trim() : number === "" ? null : Number(number);
};

// By the numbers in texts, too: ids of 18 digits are texts, since a Number would round them.
const compare = (a, b) =>
  typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;

const sort = (table, column, head) => {
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [value(row, column), row]);
  rows.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return down ? compare(b, a) : compare(a, b);
  });
  body.append(...rows.map(([, row]) => row));
};

const filter = (table) => {
  const label = document.createElement("label");
  const input = document.createElement("input");
  const status = document.createElement("output");
  const box = document.createElement("p");
  input.type = "search";
  input.id = "filter";
  label.htmlFor = "filter";
  label.textContent = "Only rows with ";
  box.className = "filter";
  box.append(label, input, " ", status);
  table.parentElement.before(box);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    status.textContent = input.value ? `${shown} of ${table.tBodies[0].rows.length}` : "";
  });
};

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(table, column, head));
  });
  if (table.dataset.filter) filter(table);
}
