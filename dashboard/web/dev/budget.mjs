// The built page is at most 80 kB of gzip in all, and fit for a strict policy: nothing inline.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { join } from "node:path";

const MOST = 80_000;
const dist = fileURLToPath(new URL("../dist", import.meta.url));
let all = 0;
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.path ?? entry.parentPath, entry.name);
  const size = gzipSync(readFileSync(path), { level: 9 }).length;
  all += size;
  console.log(`${String(size).padStart(7)} B gzip  ${path.slice(dist.length + 1)}`);
}
const page = readFileSync(join(dist, "index.html"), "utf8");
if (/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/.test(page)) {
  console.error("budget: index.html has an inline script or style");
  process.exit(1);
}
console.log(`${String(all).padStart(7)} B gzip  in all, ${MOST} allowed`);
if (all > MOST) process.exit(1);
