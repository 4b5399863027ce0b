import { IconButton, type IconName } from "../kit/index.ts";
import { LinkPill } from "./link-pill.tsx";
import { route } from "./router.ts";
import { SessionMenu } from "./session-menu.tsx";
import { type Theme, theme } from "./settings.ts";

const NEXT_THEME: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };
const THEME_ICON: Readonly<Record<Theme, IconName>> = { system: "settings", light: "sun", dark: "moon" };

export function TopBar({ onHelp }: { onHelp: () => void }) {
  // Redrawn with the address, so that an open menu of another page does not linger.
  const { view } = route.value;
  return (
    <header class="a-top" data-region="bar" tabIndex={-1} data-view={view}>
      <div class="a-top-end">
        <SessionMenu />
        <LinkPill />
        <IconButton
          icon={THEME_ICON[theme.value]}
          label={`Theme: ${theme.value}. Change to ${NEXT_THEME[theme.value]}`}
          onClick={() => {
            theme.value = NEXT_THEME[theme.value];
          }}
        />
        <IconButton icon="info" label="Keyboard shortcuts" onClick={onHelp} />
      </div>
    </header>
  );
}
