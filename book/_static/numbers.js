// The search in the table of all recorded numbers: every word has to be in the row.
addEventListener("DOMContentLoaded", () => {
  const table = document.querySelector(".tgsh-numbers");
  if (!table) return;
  const rows = [...table.querySelectorAll("tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
  const form = document.createElement("form");
  form.setAttribute("role", "search");
  form.className = "tgsh-find";
  form.innerHTML = "<label>Chapter, name or number <input type=search></label> <output></output>";
  table.before(form);
  const [field, said] = [form.querySelector("input"), form.querySelector("output")];
  const search = () => {
    const words = field.value.toLowerCase().replaceAll("-", "\u2212").split(/\s+/);
    let found = 0;
    for (const [row, text] of rows) {
      const plain = text.replaceAll("-", "\u2212");
      row.hidden = !words.every((word) => plain.includes(word));
      found += !row.hidden;
    }
    said.textContent = `${found} of ${rows.length}`;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", search);
  search();
});
