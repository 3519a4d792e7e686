/** The button that shows one level after the other. */

const PAUSE_MS = 650;

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLInputElement} level
 * @param {(to: number) => Promise<void>} step show a level
 */
export function playLevels(button, level, step) {
  button.classList.remove("by-script");
  let playing = false;
  button.addEventListener("click", async () => {
    playing = !playing;
    button.setAttribute("aria-pressed", String(playing));
    button.textContent = playing ? "Stop" : "Play levels";
    if (playing && level.value === level.max) await step(0);
    while (playing && Number(level.value) < Number(level.max)) {
      const began = performance.now();
      await step(Number(level.value) + 1);
      await new Promise((done) => setTimeout(done, Math.max(0, PAUSE_MS - (performance.now() - began))));
    }
    playing = false;
    button.setAttribute("aria-pressed", "false");
    button.textContent = "Play levels";
  });
}
