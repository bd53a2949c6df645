// A `smokex serve` of its own for a test file: free ports, an empty folder for its data.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const PROGRAM = process.env.SMOKEX ?? fileURLToPath(new URL("../../target/debug/smokex", import.meta.url));

/** How long the program may take until it answers, in milliseconds. */
const START = 30_000;

/**
 * @param {{allow?: string[]}} [options]  addresses that plans may reach besides the demo API
 * @returns {Promise<{origin: string, demo: string, mail: string, stop: () => Promise<void>}>}
 */
export async function startServer({ allow = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "smokex-browser-"));
  const [port, demoPort] = await freePorts(2);
  const origin = `http://localhost:${port}`;
  const demo = `http://127.0.0.1:${demoPort}`;
  const child = spawn(PROGRAM, ["serve"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      VAR_DIR: folder,
      DATABASE_URL: `sqlite:${join(folder, "smokex.db")}`,
      LISTEN: `127.0.0.1:${port}`,
      ORIGIN: origin,
      DEMO_LISTEN: `127.0.0.1:${demoPort}`,
      DEMO_URL: demo,
      EGRESS_ALLOW: allow.join(","),
    },
  });
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
