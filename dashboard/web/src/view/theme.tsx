// Light, dark, or as the system says. Remembered on this machine only.
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const KEY = "callweir-theme";

export const theme = signal<Theme>("system");
/** Counts up when the colours on the page have changed: canvases draw anew. */
export const colours_changed = signal(0);

const read = (): Theme => {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system"; // storage is switched off
  }
};

export function set_theme(wanted: Theme): void {
  theme.value = wanted;
  if (wanted === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", wanted);
  try {
    localStorage.setItem(KEY, wanted);
  } catch {
    // Then it holds for this page only.
  }
  colours_changed.value += 1;
}

export function start_theme(): void {
  set_theme(read());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colours_changed.value += 1;
  });
}

/** The colours behind custom properties, as a canvas wants them. */
export function colours<K extends string>(names: readonly K[]): Record<K, string> {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const found = {} as Record<K, string>;
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}
