/** The choice of tickets to compare: what is ticked goes into the address and into the figures below. */

/**
 * @param {HTMLFormElement} form
 * @param {(name: string, value: string) => void} chosen
 */
export function chooseTickets(form, chosen) {
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[name=ticket]"));
  const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (form.querySelector(`#${id}`));
  const text = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (part(id));
  const none = part("choose-none");
  const list = (/** @type {string} */ words) => words.split(",").map((word) => word.trim()).filter(Boolean);

  const take = () => {
    const tickets = [...[...boxes].filter((box) => box.checked).map((box) => box.value), ...list(text("beside").value)];
    const here = new URL(location.href);
    for (const [name, value] of [["tickets", tickets.join(",")], ["others", list(text("others").value).join(",")]]) {
      if (value) here.searchParams.set(name, value);
      else here.searchParams.delete(name);
      chosen(name, value);
    }
    history.replaceState(null, "", here);
    document.dispatchEvent(new CustomEvent("chosen"));
    part("chosen-count").textContent = tickets.length ? `${tickets.length} chosen` : "those that “across” names";
    none.hidden = !tickets.length;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", take);
  none.hidden = ![...boxes].some((box) => box.checked) && !text("beside").value;
  none.addEventListener("click", () => {
    for (const box of boxes) box.checked = false;
    text("beside").value = "";
    take();
  });
}
