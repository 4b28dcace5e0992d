// An SQS on the loopback for one test process: says where it listens, and ends with
// whoever holds its stdin. A queue whose clock was set has a time of its own, which
// stands still until a test sets it again: POST /clock?queue=URL&now=MILLISECONDS.
import { AsyncLocalStorage } from "node:async_hooks";
import { buildApp } from "fauxqs";
import { SqsStore } from "./node_modules/fauxqs/dist/sqs/sqsStore.js";

const clock = new AsyncLocalStorage();
const machineTime = Date.now;
Date.now = () => clock.getStore()?.now ?? machineTime();

const sqsStore = new SqsStore();
sqsStore.host = ""; // queue URLs name the address that was called
const app = buildApp({ logger: false, stores: { sqsStore } });

const clocks = new Map();
app.addHook("preHandler", (request, _reply, done) => {
  clock.run(clocks.get(request.body?.QueueUrl), done);
});
app.post("/clock", async (request) => {
  const { queue, now } = request.query;
  if (!clocks.has(queue)) clocks.set(queue, {});
  clocks.get(queue).now = Number(now);
  return {};
});

console.log(await app.listen({ port: 0, host: "127.0.0.1" }));
process.stdin.resume().on("end", () => process.exit());
