import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export interface CuttableProxy {
  /** Where the browser goes. */
  readonly port: number;
  /** Nothing passes from now on: open connections break, new ones are refused. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A network between browser and server that can be cut. The server answers to its own port only, so the proxy's port is written as the
 * server's in what passes, and back; both have five digits.
 */
export async function startProxy(serverPort: number): Promise<CuttableProxy> {
  const open = new Set<Socket>();
  let port = 0;
  const onSocket = (browser: Socket): void => {
    const server = connect(serverPort, "127.0.0.1");
    const both = [browser, server];
    for (const socket of both) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        for (const other of both) other.destroy();
      });
    }
    browser.on("data", (data) => server.write(renamed(data, port, serverPort)));
    server.on("data", (data) => browser.write(renamed(data, serverPort, port)));
  };
  let proxy: Server = await listen(onSocket, 0);
  port = (proxy.address() as AddressInfo).port;
  if (String(port).length !== String(serverPort).length) throw new Error(`the ports ${port} and ${serverPort} must be equally long`);
  const cut = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => proxy.close(() => resolve()));
    for (const socket of open) socket.destroy();
    await closed;
  };
  return {
    port,
    cut,
    restore: async () => {
      proxy = await listen(onSocket, port);
    },
    close: async () => {
      if (proxy.listening) await cut();
    },
  };
}

function renamed(data: Buffer, from: number, to: number): Buffer {
  const text = `127.0.0.1:${from}`;
  const copy = Buffer.from(data);
  for (let at = copy.indexOf(text); at >= 0; at = copy.indexOf(text, at + text.length)) copy.write(`127.0.0.1:${to}`, at, "latin1");
  return copy;
}

function listen(onSocket: (socket: Socket) => void, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(onSocket);
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
