// Light or dark as the system says, until the reader says otherwise.
import {el} from "./dom";

const key = "evenkeel-theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");

function chosen(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // a file:// page may have no storage
  }
}

function show(dark: boolean, button: HTMLElement): void {
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  button.setAttribute("aria-pressed", String(dark));
}

export function themeButton(): HTMLElement {
  const button = el("button.theme", {type: "button", "aria-label": "Dark page", title: "Dark or light"}, el("span", {"aria-hidden": "true"}));
  const choice = chosen();
  show(choice ? choice === "dark" : system.matches, button);
  system.addEventListener("change", () => {
    if (!chosen()) show(system.matches, button);
  });
  button.addEventListener("click", () => {
    const dark = document.documentElement.dataset["theme"] !== "dark";
    show(dark, button);
    try {
      localStorage.setItem(key, dark ? "dark" : "light");
    } catch {
      // remembered until the page is closed
    }
  });
  return button;
}
