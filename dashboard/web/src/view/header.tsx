// Site, state, time, and what a user may do anywhere: theme, report, leaving.
import { signal } from "@preact/signals";
import type { JSX } from "preact";

import { state_words } from "../model/sentences";
import { ask_file, Problem } from "../net/api";
import { change_password, clock, feed_state, loaded, log_out, now, service, status, who } from "../state";
import { Field, PASSWORD_LEAST } from "./login";
import { Disclosure, Logo } from "./parts";
import { set_theme, type Theme, theme } from "./theme";

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "As the system"], ["light", "Light"], ["dark", "Dark"],
];

function StatePill(): JSX.Element {
  if (!loaded.value) return <p class="pill off" role="status">Loading…</p>;
  if (feed_state.value.phase === "lost") return <p class="pill off" role="status">Not connected</p>;
  const words = state_words(service.value?.engine === false ? null : (status.value?.state ?? null));
  return <p class={`pill ${words.tone}`} role="status" title={words.says}>{words.label}</p>;
}

function Clock(): JSX.Element {
  const { time, day, zone } = clock.value;
  return (
    <p class="clock">
      <time dateTime={new Date(now.value * 1000).toISOString()}>{time(now.value)}</time>
      <small>{day(now.value)} · {zone}</small>
    </p>
  );
}

const PERIODS = [["day", "Yesterday"], ["week", "Last week"], ["month", "Last month"]] as const;
const FORMATS = [["html", "HTML"], ["pdf", "PDF"], ["csv", "CSV"], ["json", "JSON"]] as const;
const report_told = signal("");
const report_busy = signal(false);

async function download(period: string, format: string): Promise<void> {
  if (report_busy.value) return;
  report_busy.value = true;
  report_told.value = "The report is being made…";
  try {
    const file = await ask_file(`reports?last=${period}&format=${format}`, `callweir-report.${format}`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file.content);
    link.download = file.name;
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    report_told.value = `${file.name} was downloaded.`;
  } catch (reason) {
    report_told.value = reason instanceof Problem ? `${reason.message} ${reason.mend}`.trim() : "That did not work.";
  } finally {
    report_busy.value = false;
  }
}

function Report(): JSX.Element {
  return (
    <Disclosure label="Report" name="Download a report">
      {() => (
        <>
          <table class="downloads">
            <caption>Download a report</caption>
            <tbody>
              {PERIODS.map(([period, label]) => (
                <tr key={period}>
                  <th scope="row">{label}</th>
                  {FORMATS.map(([format, shown]) => (
                    <td key={format}>
                      <button type="button" class="small" aria-disabled={report_busy.value}
                              aria-label={`${label} as ${shown}`}
                              onClick={() => void download(period, format)}>{shown}</button>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          <p role="status" class="told">{report_told.value}</p>
        </>
      )}
    </Disclosure>
  );
}

const password_told = signal("");
const password_open = signal(false);

async function change(form: HTMLFormElement): Promise<void> {
  const data = new FormData(form);
  try {
    await change_password(String(data.get("password") ?? ""), String(data.get("new-password") ?? ""));
    form.reset();
    password_open.value = false;
    password_told.value = "The password was changed. Other sessions have ended.";
  } catch (reason) {
    password_told.value = reason instanceof Problem ? `${reason.message} ${reason.mend}`.trim() : "That did not work.";
  }
}

function Password(): JSX.Element {
  return (
    <>
      {password_open.value ? (
        <form class="stack" onSubmit={(event) => {
          event.preventDefault();
          void change(event.currentTarget);
        }}>
          <Field id="password" label="Password so far" type="password" complete="current-password" focus />
          <Field id="new-password" label="New password" type="password" complete="new-password"
                 hint={`At least ${PASSWORD_LEAST} characters.`} least={PASSWORD_LEAST} />
          <button type="submit" class="small wide">Change the password</button>
        </form>
      ) : (
        <button type="button" class="small wide" onClick={() => {
          password_told.value = "";
          password_open.value = true;
        }}>Change password…</button>
      )}
      <p role="status" class="told">{password_told.value}</p>
    </>
  );
}

function User(): JSX.Element {
  const user = who.value;
  if (user.kind !== "user") return <></>;
  return (
    <Disclosure label={<bdi class="name">{user.name}</bdi>} name={`Account ${user.name} and appearance`}>
      {() => (
        <>
          <p class="told"><bdi>{user.name}</bdi>{user.role !== "" && ` · ${user.role}`}{service.value?.version && ` · Callweir ${service.value.version}`}</p>
          <fieldset class="stack">
            <legend>Appearance</legend>
            {THEMES.map(([value, label]) => (
              <label key={value}>
                <input type="radio" name="theme" checked={theme.value === value} onChange={() => set_theme(value)} /> {label}
              </label>
            ))}
          </fieldset>
          <Password />
          <button type="button" class="small wide" onClick={() => void log_out()}>Log out</button>
        </>
      )}
    </Disclosure>
  );
}

export const Header = (): JSX.Element => (
  <header class="top">
    <a class="brand" href="#/" aria-label="Callweir, live page"><Logo /><span>Callweir</span></a>
    <h1><bdi>{service.value?.site ?? ""}</bdi></h1>
    <StatePill />
    <span class="spring" />
    <Clock />
    <Report />
    <User />
  </header>
);
