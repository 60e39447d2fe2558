// Small things that several views need.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

/** A button that opens a panel below it. Escape, a click elsewhere or leaving it closes. */
export function Disclosure(props: {
  label: ComponentChildren;
  name: string;
  children: (close: () => void) => ComponentChildren;
}): JSX.Element {
  const [open, set_open] = useState(false);
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) set_open(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      set_open(false);
      button.current?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    document.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
      document.removeEventListener("keydown", escape);
    };
  }, [open]);
  return (
    <div class="disclosure" ref={box}>
      <button ref={button} type="button" class="quiet" aria-expanded={open} aria-controls={id}
              aria-label={props.name} onClick={() => set_open(!open)}>
        {props.label}
        <svg class="chevron" viewBox="0 0 10 6" aria-hidden="true"><path d="m1 1 4 4 4-4" /></svg>
      </button>
      <div id={id} class="panel" hidden={!open}>
        {open && props.children(() => { set_open(false); button.current?.focus(); })}
      </div>
    </div>
  );
}

/** One of a few: radio buttons that look like a switch. */
export function Choice<T extends string>(props: {
  legend: string;
  options: readonly (readonly [T, string])[];
  value: T;
  on_change: (value: T) => void;
}): JSX.Element {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend class="unseen">{props.legend}</legend>
      {props.options.map(([value, label]) => (
        <label key={value}>
          <input type="radio" name={name} value={value} checked={props.value === value}
                 onChange={() => props.on_change(value)} />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Section(props: {
  id: string;
  title: string;
  class?: string;
  beside?: ComponentChildren;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <section class={`card ${props.class ?? ""}`} aria-labelledby={`${props.id}-title`}>
      <header>
        <h2 id={`${props.id}-title`}>{props.title}</h2>
        {props.beside}
      </header>
      {props.children}
    </section>
  );
}

export const Logo = (): JSX.Element => (
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="7" />
    <path class="stream" d="M5 11h9c3 0 3.500 2 4.500 5s2 5 4.500 5H27" />
    <path class="stream second" d="M5 16h7.500" />
    <path class="stream third" d="M5 21h9.500" />
    <path class="weir" d="M17.300 23.500V9.500" />
  </svg>
);
