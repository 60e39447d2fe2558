// Whoever operates may let everything pass untouched, and take that back. It is asked twice.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { Problem } from "../net/api";
import { status, switch_bypass, who } from "../state";

const asking = signal(false);
const told = signal("");

async function set(on: boolean): Promise<void> {
  asking.value = false;
  told.value = on ? "Switching bypass on…" : "Switching bypass off…";
  try {
    const now = await switch_bypass(on);
    told.value = now ? "Bypass is on: everything passes untouched." : "Bypass is off: policies act again.";
  } catch (reason) {
    told.value = reason instanceof Problem ? `${reason.message} ${reason.mend}`.trim() : "That did not work.";
  }
}

function Question({ on }: { on: boolean }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <div class="stack" role="group" aria-labelledby="bypass-question" ref={box} tabIndex={-1}
         onKeyDown={(event) => { if (event.key === "Escape") asking.value = false; }}>
      <p id="bypass-question">{on ? "Inspect again, and act by the policies?" : "Let everything pass untouched? No policy acts and nothing is found until bypass is switched off."}</p>
      <button type="button" class="small wide" onClick={() => void set(!on)}>{on ? "Yes, switch bypass off" : "Yes, switch bypass on"}</button>
      <button type="button" class="small wide" onClick={() => { asking.value = false; }}>Cancel</button>
    </div>
  );
}

export function Bypass(): JSX.Element {
  const user = who.value, state = status.value?.state;
  const on = state === "bypass";
  if (user.kind !== "user" || user.role === "viewer" || (state !== "inspecting" && !on)) return <></>;
  return (
    <div class="bypass">
      {asking.value ? <Question on={on} /> : (
        <button type="button" class="small" onClick={() => { told.value = ""; asking.value = true; }}>
          {on ? "Switch bypass off…" : "Switch bypass on…"}
        </button>
      )}
      <p role="status" class="told">{told.value}</p>
    </div>
  );
}
