// What is shown: by who is there, and by the part of the address behind the hash.
import { signal } from "@preact/signals";
import type { JSX } from "preact";

import { begin, trouble, who } from "../state";
import { CallPage } from "./call_page";
import { Header } from "./header";
import { Live } from "./live";
import { Login } from "./login";

const route = signal(location.hash);
window.addEventListener("hashchange", () => {
  // The skip link's target is no page.
  if (location.hash !== "#main") route.value = location.hash;
});

function Waiting(): JSX.Element {
  return (
    <main class="login" id="main">
      <div class="form" role="status">
        {trouble.value === "" ? <p>One moment…</p> : (
          <>
            <h1>Callweir</h1>
            <p>{trouble.value}</p>
            <button type="button" class="main" onClick={() => {
              trouble.value = "";
              void begin();
            }}>Try again</button>
          </>
        )}
      </div>
    </main>
  );
}

export function Page(): JSX.Element {
  const visitor = who.value;
  if (visitor.kind === "asking") return <Waiting />;
  if (visitor.kind === "nobody") return <Login setup={visitor.setup && route.value !== "#/login"} needed={visitor.setup} />;
  const call = /^#\/calls\/(.+)$/.exec(route.value)?.[1];
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.getElementById("main")?.focus();
      }}>Skip to what is happening</a>
      <Header />
      {call === undefined ? <Live /> : <CallPage id={call} />}
    </>
  );
}
