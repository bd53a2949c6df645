// A server that answers when the test says so: what happens meanwhile can be looked at.
import { createServer } from "node:http";

/**
 * `GET /now` answers at once; `GET /held` waits until `release` is called.
 * @returns {Promise<{address: string, asked: Promise<void>, release: () => void, stop: () => Promise<void>}>}
 */
export async function startTarget() {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  let heard;
  const asked = new Promise((resolve) => (heard = resolve));
  const server = createServer(async (request, response) => {
    request.resume();
    if (request.url === "/held") {
      heard();
      await released;
    }
    response.writeHead(200, { "content-type": "application/json" }).end('{"ok": true, "items": [1, 2]}');
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${server.address().port}`,
    asked,
    release,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
