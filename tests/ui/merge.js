// A merge by message: the demonstration's own history has none for operations to look at.

import { connect } from "node:net";

/** Longest wait for an answer, in milliseconds. */
const WAIT = 20_000;

const header = (id, type) => `MSH|^~\\&|UI|UI|KEN|KEN|20261122093000||${type}|${id}|P|2.5`;

const registration = (id, number) => [
  header(id, "ADT^A28^ADT_A05"),
  "EVN|A28|20261122093000",
  `PID|1||${number}^^^UI^MR||Mergeson^Ada||19700203|F|||1 Made-up Road^^Glen^^ZZ99 9ZZ`,
];

const MERGE = [
  registration("UI-1", "910001"),
  registration("UI-2", "910002"),
  [
    header("UI-3", "ADT^A40^ADT_A39"),
    "EVN|A40|20261122093100",
    "PID|1||910002^^^UI^MR||Mergeson^Ada||19700203|F",
    "MRG|910001^^^UI^MR",
  ],
];

/** Registers somebody under two numbers and says that they are one; gives what is wrong. */
export async function mergeTwo(address) {
  if (!address) return ["no address for messages"];
  for (const lines of MERGE) {
    const answer = await send(address, `${lines.join("\r")}\r`);
    if (!answer.includes("MSA|AA|")) return [`answered ${answer.split("\r")[1]}`];
  }
  return [];
}

/** One message in its MLLP frame, and the answer to it. */
function send(address, message) {
  const [host, port] = [address.slice(0, address.lastIndexOf(":")), address.split(":").pop()];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => socket.write(`\x0b${message}\x1c\r`));
    let answer = "";
    socket.setTimeout(WAIT, () => socket.destroy(new Error("no answer to a message")));
    socket.on("error", reject);
    socket.on("data", (part) => {
      answer += part;
      if (answer.endsWith("\x1c\r")) {
        socket.end();
        resolve(answer);
      }
    });
  });
}
