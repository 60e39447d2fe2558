// One end of a WebRTC call in a headless Chromium. Talks JSON Lines with the script that orchestrates it:
//   in   {"do":"offer"} {"do":"answer","sdp":…} {"do":"accept","sdp":…} {"do":"quit"}
//   out  {"type":"ready"} {"type":"offer"|"answer","sdp":…} {"type":"second",…} {"type":"error","what":…}
// usage: node browser_end.mjs SPEECH.wav SECONDS [CHROMIUM]
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const [speech, secondsText, executablePath = '/usr/bin/chromium'] = process.argv.slice(2);
const ORIGIN = 'http://localhost/'; // a secure context that no server has to serve
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n');

const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: [
    '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--disable-quic', '--disable-extensions',
    '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream',
    `--use-file-for-fake-audio-capture=${speech}`,
    '--disable-features=WebRtcHideLocalIpsWithMdns', '--autoplay-policy=no-user-gesture-required',
  ],
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

const page = await (await browser.newContext({ permissions: ['microphone'] })).newPage();
await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
await page.goto(ORIGIN);

await page.evaluate(async () => {
  const connection = new RTCPeerConnection({ iceServers: [] });
  const microphone = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  for (const track of microphone.getTracks()) connection.addTrack(track, microphone);
  connection.ontrack = ({ streams }) => {
    // Played, or Chromium would not run its jitter buffer and would count no concealment.
    const audio = new Audio();
    audio.srcObject = streams[0];
    audio.play();
    window.sink = audio;
  };
  const gathered = () => new Promise((done) => {
    const check = () => connection.iceGatheringState === 'complete' && done();
    connection.addEventListener('icegatheringstatechange', check);
    check();
  });
  window.describe = async (kind, sdp) => {
    if (sdp) await connection.setRemoteDescription({ type: kind === 'answer' ? 'offer' : 'answer', sdp });
    if (kind === 'accept') return null;
    await connection.setLocalDescription(await (kind === 'offer' ? connection.createOffer() : connection.createAnswer()));
    await gathered();
    return connection.localDescription.sdp;
  };
  window.stats = async () => {
    const all = [...(await connection.getStats()).values()];
    const inbound = all.find((s) => s.type === 'inbound-rtp') ?? {};
    const outbound = all.find((s) => s.type === 'outbound-rtp') ?? {};
    const remote = all.find((s) => s.type === 'remote-inbound-rtp') ?? {};
    const pair = all.find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded') ?? {};
    const end = (id) => all.find((s) => s.id === id) ?? {};
    return {
      time: Date.now() / 1000, ice: connection.iceConnectionState, connection: connection.connectionState,
      received: inbound.packetsReceived ?? 0, lost: inbound.packetsLost ?? 0,
      discarded: inbound.packetsDiscarded ?? 0, bytes: inbound.bytesReceived ?? 0,
      samples: inbound.totalSamplesReceived ?? 0, concealed: inbound.concealedSamples ?? 0,
      silent_concealed: inbound.silentConcealedSamples ?? 0, jitter_ms: 1000 * (inbound.jitter ?? 0),
      buffer_delay_s: inbound.jitterBufferDelay ?? 0, buffer_count: inbound.jitterBufferEmittedCount ?? 0,
      sent: outbound.packetsSent ?? 0, sent_bytes: outbound.bytesSent ?? 0,
      target_bps: outbound.targetBitrate ?? null, rtt_ms: 1000 * (pair.currentRoundTripTime ?? 0),
      rtcp_rtt_ms: 1000 * (remote.roundTripTime ?? 0),
      local_port: end(pair.localCandidateId).port ?? 0, remote_port: end(pair.remoteCandidateId).port ?? 0,
    };
  };
});
say({ type: 'ready' });

setInterval(async () => {
  if (ending) return;
  try {
    say({ type: 'second', ...(await page.evaluate(() => window.stats())) });
  } catch (why) {
    if (!ending) say({ type: 'error', what: String(why) });
  }
}, 1000);

const input = createInterface({ input: process.stdin });
input.on('line', async (line) => {
  try {
    const { do: what, sdp } = JSON.parse(line);
    if (what === 'quit') return await quit(0);
    const described = await page.evaluate(([kind, text]) => window.describe(kind, text), [what, sdp]);
    if (described) say({ type: what, sdp: described });
  } catch (why) {
    say({ type: 'error', what: String(why) });
  }
});
input.on('close', () => quit(0));
