// Light and dark: what the system says, until the switch says otherwise. The choice is not stored.

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark at the moment. */
const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : dark.matches;
};

/** Lets `button`, a toggle, change between light and dark. */
export const bindThemeSwitch = (button) => {
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  dark.addEventListener("change", show);
  show();
};
