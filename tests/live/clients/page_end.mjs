// A headless Chromium with one page, driven line by line:
//   in   {"do":"goto","url":…} {"do":"evaluate","script":…} … see STEPS
//   out  {"type":"ready"} {"type":"done","value":…} {"type":"error","what":…}
// Everything that the page complains of (errors, violated policies) is kept until {"do":"complaints"}.
// usage: node page_end.mjs SECONDS [CHROMIUM]
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const [secondsText, executablePath = '/usr/bin/chromium'] = process.argv.slice(2);
const AXE = new URL('../../../dashboard/web/node_modules/axe-core/axe.min.js', import.meta.url);
const PATIENCE_MS = 10_000;
const COMPLAINTS_MAX = 100;
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n');

const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--disable-quic', '--disable-extensions'],
});
let ending = false;
const quit = async (code) => {
  if (ending) return;
  ending = true;
  await Promise.race([browser.close(), new Promise((done) => setTimeout(done, 3000))]);
  process.exit(code);
};
process.on('SIGTERM', () => quit(0));
process.on('SIGINT', () => quit(0));
setTimeout(() => quit(0), 1000 * Number(secondsText));

const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 }, acceptDownloads: true });
const page = await context.newPage();
page.setDefaultTimeout(PATIENCE_MS);
let complaints = [];
const complain = (text) => complaints.length < COMPLAINTS_MAX && complaints.push(text);
page.on('pageerror', (problem) => complain(`error: ${problem.message}`));
page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complain(`${message.type()}: ${message.text()}`));

const STEPS = {
  goto: async ({ url }) => { await page.goto(url); },
  reload: async () => { await page.reload(); },
  fill: async ({ at, text }) => { await page.fill(at, text); },
  click: async ({ at }) => { await page.click(at); },
  press: async ({ key }) => { await page.keyboard.press(key); },
  select: async ({ at, value }) => { await page.selectOption(at, value); },
  wait: async ({ at, gone }) => { await page.waitForSelector(at, { state: gone ? 'detached' : 'visible' }); },
  wait_text: async ({ at, text }) => {
    await page.waitForFunction(([where, words]) => [...document.querySelectorAll(where)].some((one) => one.textContent.includes(words)), [at, text]);
  },
  text: async ({ at }) => page.$$eval(at, (all) => all.map((one) => one.innerText)),
  count: async ({ at }) => (await page.$$(at)).length,
  evaluate: async ({ script }) => page.evaluate(script),
  size: async ({ width, height }) => { await page.setViewportSize({ width, height }); },
  media: async ({ scheme, motion }) => { await page.emulateMedia({ colorScheme: scheme, reducedMotion: motion }); },
  screenshot: async ({ path, full }) => { await page.screenshot({ path, fullPage: full === true }); },
  download: async ({ at, path }) => {
    const [file] = await Promise.all([page.waitForEvent('download'), page.click(at)]);
    await file.saveAs(path);
    return file.suggestedFilename();
  },
  // By the protocol, not by a tag: the page's policy would refuse one.
  axe: async () => {
    await page.evaluate(readFileSync(AXE, 'utf8'));
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    return found.violations.map((one) => `${one.id} (${one.impact}): ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
  },
  complaints: async () => {
    const told = complaints;
    complaints = [];
    return told;
  },
  quit: async () => { await quit(0); },
};

say({ type: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const step = JSON.parse(line);
    say({ type: 'done', value: (await STEPS[step.do](step)) ?? null });
  } catch (problem) {
    say({ type: 'error', what: String(problem.message ?? problem).slice(0, 600) });
  }
}
await quit(0);
