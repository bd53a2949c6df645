// A `smokex serve` of its own for a test file: free ports, an empty folder for its data.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const PROGRAM = process.env.SMOKEX ?? fileURLToPath(new URL("../../target/debug/smokex", import.meta.url));
const FAKE_STRIPE = join(dirname(PROGRAM), "fake-stripe");

/** How long the program may take until it answers, in milliseconds. */
const START = 30_000;

/**
 * @param {{allow?: string[], stripe?: {key: string, url: string}}} [options]
 *   `allow`: addresses that plans may reach besides the demo API; `stripe`: what `startStripe` gives, to sell through
 * @returns {Promise<{origin: string, demo: string, mail: string, stop: () => Promise<void>}>}
 */
export async function startServer({ allow = [], stripe } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "smokex-browser-"));
  const [port, demoPort] = await freePorts(2);
  const origin = `http://localhost:${port}`;
  const demo = `http://127.0.0.1:${demoPort}`;
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    VAR_DIR: folder,
    DATABASE_URL: `sqlite:${join(folder, "smokex.db")}`,
    LISTEN: `127.0.0.1:${port}`,
    ORIGIN: origin,
    DEMO_LISTEN: `127.0.0.1:${demoPort}`,
    DEMO_URL: demo,
    EGRESS_ALLOW: allow.join(","),
  };
  if (stripe) {
    Object.assign(env, { STRIPE_SECRET_KEY: stripe.key, STRIPE_API_URL: stripe.url });
    const { stdout } = await run(PROGRAM, ["billing", "setup", "--json"], { cwd: folder, env });
    env.STRIPE_WEBHOOK_SECRET = JSON.parse(stdout).webhook_secret;
  }
  const child = spawn(PROGRAM, ["serve"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"], env });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const ended = new Promise((resolve) => child.once("exit", resolve));

  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + START;
  while (!(await isReady(origin))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`smokex serve did not become ready:\n${output}`);
    }
    await pause(50);
  }
  return { origin, demo, mail: join(folder, "mail"), stop };
}

/** A fake Stripe of its own, which forgets everything when it stops. */
export async function startStripe() {
  const [port] = await freePorts(1);
  const key = "sk_test_browser";
  const url = `http://127.0.0.1:${port}/`;
  const child = spawn(FAKE_STRIPE, ["--listen", `127.0.0.1:${port}`, "--key", key], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  // It says so when it is ready.
  await Promise.race([once(child.stdout, "data"), ended.then(() => Promise.reject(new Error(`${FAKE_STRIPE} ended`)))]);
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { key, url, stop };
}

async function isReady(origin) {
  try {
    return (await fetch(`${origin}/readyz`)).ok;
  } catch {
    return false;
  }
}

/** Ports that were free a moment ago; all are held until all are known, so they differ. */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
