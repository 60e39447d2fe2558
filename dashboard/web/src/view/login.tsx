// Logging in, and the first set-up with the one-time code that the dashboard printed at its start.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { Problem } from "../net/api";
import { log_in, set_up, who } from "../state";
import { Logo } from "./parts";

const refused = signal("");

export const PASSWORD_LEAST = 10;

export function Field(props: {
  id: string; label: string; type?: string; complete: AutoFill; hint?: string; least?: number; focus?: boolean;
}): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (props.focus) input.current?.focus();
  }, [props.focus]);
  return (
    <p class="field">
      <label for={props.id}>{props.label}</label>
      <input ref={input} id={props.id} name={props.id} type={props.type ?? "text"} required autocomplete={props.complete}
             autocapitalize="none" spellcheck={false} maxLength={1024} {...(props.least ? { minLength: props.least } : {})}
             {...(props.hint ? { "aria-describedby": `${props.id}-hint` } : {})} />
      {props.hint && <small id={`${props.id}-hint`}>{props.hint}</small>}
    </p>
  );
}

async function send(form: HTMLFormElement, setup: boolean): Promise<void> {
  const data = new FormData(form);
  const of = (name: string) => String(data.get(name) ?? "");
  refused.value = "";
  try {
    if (setup) await set_up(of("code").trim(), of("name").trim(), of("password"));
    else await log_in(of("name").trim(), of("password"));
    location.hash = "#/";
  } catch (reason) {
    if (!(reason instanceof Problem)) throw reason;
    const wait = reason.retry_after_s === null ? "" : ` Try again in ${reason.retry_after_s} s.`;
    refused.value = [reason.message + wait, reason.mend].filter((one) => one !== "").join(" ");
    (form.querySelector("input[type=password]") as HTMLInputElement | null)?.select();
  }
}

/** `needed`: there is no account yet. */
export function Login(props: { setup: boolean; needed: boolean }): JSX.Element {
  const [busy, set_busy] = useState(false);
  const told = who.value.kind === "nobody" ? who.value.why : "";
  const { setup, needed } = props;
  useEffect(() => {
    refused.value = "";
  }, [setup]);
  return (
    <main class="login" id="main">
      <form onSubmit={(event) => {
        event.preventDefault();
        set_busy(true);
        void send(event.currentTarget, setup).finally(() => set_busy(false));
      }}>
        <h1><Logo /> Callweir</h1>
        <h2>{setup ? "Make the first account" : "Log in"}</h2>
        {setup && (
          <p class="lead">The dashboard printed a one-time code in its log when it started; it is also in the file
            <code> setup-code</code> beside the store.</p>
        )}
        <p role="status" class="told">{told}</p>
        {setup && <Field key="code" id="code" label="One-time code" complete="one-time-code" focus />}
        <Field key={`name-${setup}`} id="name" label="Name" complete="username" focus={!setup} />
        <Field key={`password-${setup}`} id="password" label="Password" type="password"
               complete={setup ? "new-password" : "current-password"}
               {...(setup ? { hint: `At least ${PASSWORD_LEAST} characters.`, least: PASSWORD_LEAST } : {})} />
        <p role="alert" class="refused">{refused.value}</p>
        <button type="submit" class="main" disabled={busy}>
          {busy ? "One moment\u2026" : setup ? "Make the account and log in" : "Log in"}
        </button>
        {needed && (
          <p class="other">{setup ? <a href="#/login">Log in with an account</a>
            : <a href="#/setup">First start? Set up with the one-time code</a>}</p>
        )}
      </form>
    </main>
  );
}
export type AutoFill = "one-time-code" | "username" | "new-password" | "current-password";
