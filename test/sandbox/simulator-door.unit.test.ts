// The door of a simulated CRM: what was planned for a request meets it once, and what met none is told at the end.
import https from 'node:https';
import { certificateFor } from '../../sandbox/recipients/identity.ts';
import { json, type SimulatedCrm } from '../../sandbox/simulators/simulator.ts';
import { startSimulator } from '../../sandbox/simulators/server.ts';
import { unmetIn } from '../../sandbox/trial/run.ts';

const kept: string[] = [];
const crm: SimulatedCrm = {
  answer: ({ body }) => {
    kept.push(body.toString());
    return json(200, { id: 1 });
  },
  whenDown: [],
  whenBusy: json(429, {}),
  records: () => [],
  complaints: () => [],
  deletedByHand: () => undefined,
  wrongKeys: () => 0,
  keyIsGood: () => undefined,
};

test('mischief meets the first request it was planned for; what met none makes a trial red', async () => {
  const certificate = await certificateFor('localhost');
  const simulator = await startSimulator(crm, { certificate, latencyMs: 0, keptAfterMs: 50 });
  const post = (body: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const { port } = simulator;
      const options = {
        host: '127.0.0.1',
        servername: 'localhost',
        port,
        method: 'POST',
        ca: certificate.cert,
      };
      const request = https.request(options, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      });
      request.on('error', reject).end(body);
    });
  try {
    simulator.plan('DM-1', 'proxy gives up');
    simulator.plan('DM-2', 'busy');
    expect([await post('DM-1'), await post('DM-1')]).toEqual([504, 200]);
    expect(kept).toEqual(['DM-1', 'DM-1']);
    const subject = { id: 'essai', simulator };
    expect(unmetIn([subject])).toEqual(['essai: this was planned and met no request: DM-2: busy']);
    expect(await post('DM-2')).toBe(429);
    expect(unmetIn([subject])).toEqual([]);
  } finally {
    await simulator.close();
  }
});
