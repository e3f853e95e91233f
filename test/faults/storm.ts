// The storm: real planner and worker processes, leads at a steady rate, faults on a seeded schedule, then calm until all is settled.
import { startHttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles } from '../trip/gateway.ts';
import { startProcess, type GatewayProcess } from '../trip/process.ts';
import { check, type Figures } from './check.ts';
import { moody } from './crm.ts';
import { seeded } from './random.ts';

export interface StormOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Leads a second. */
  readonly rate: number;
  readonly log: (line: string) => void;
  /** How long the calm may take, ms. */
  readonly calmMs?: number;
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const leaseMs = 8_500;

export async function storm(options: StormOptions): Promise<Figures> {
  const random = seeded(options.seed);
  const recipient = await startHttpRecipient();
  const crm = moody(recipient, random);
  const files = webhookFiles(recipient.port, { extra: 'limits: { concurrency: 12 }' });
  // Patient: the storm must not exhaust a lead, or "not delivered" would say nothing.
  const patient = (files['essai/crm.yaml'] ?? '').replace(
    /retry: .*/,
    'retry: [1s, 1s, 2s, 2s, 2s, 3s, 3s, 3s, 3s, 3s, 3s, 3s, 3s, 3s, 3s, 3s, 3s, 3s, 3s, 3s]',
  );
  const gateway = await openGateway({
    files: { ...files, 'essai/crm.yaml': patient },
    environment: { RELAIS_LEASE_MS: String(leaseMs) },
  });
  const running: GatewayProcess[] = [];
  const start = (role: 'planner' | 'worker'): GatewayProcess => {
    const one = startProcess(gateway, role, { RELAIS_LOG_LEVEL: 'error' });
    running.push(one);
    return one;
  };
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'storm', note: 'storm' });
    crm.trouble = 0.2;
    const fleet = [start('planner'), start('planner'), start('worker'), start('worker')];
    const roles = ['planner', 'planner', 'worker', 'worker'] as const;
    let sent = 0;
    let versions = 1;
    const rights = async (): Promise<void> => {
      const request = {
        clientId: 'essai',
        reference: `F-${random.next() < 0.7 ? Math.max(0, sent - 1 - random.between(0, 3)) : random.between(0, Math.max(1, sent))}`,
        actor: 'storm',
        reason: 'storm',
      };
      const act =
        random.next() < 0.5
          ? gateway.app.rights.erase(request)
          : gateway.app.rights.withdraw({ ...request, purpose: 'marketing', channels: ['email'] });
      // Not taken in yet, or erased before: no matter.
      await act.catch(() => undefined);
    };
    const faults: Readonly<Record<string, () => Promise<void>>> = {
      kill: async () => {
        const index = random.between(0, fleet.length);
        fleet[index]?.child.kill('SIGKILL');
        await pause(random.between(0, 400));
        fleet[index] = start(roles[index] ?? 'worker');
      },
      stop: async () => {
        const index = random.between(0, fleet.length);
        const stopped = fleet[index];
        stopped?.child.kill('SIGSTOP');
        // Half of the time past the lease: the process wakes up without it.
        await pause(random.next() < 0.5 ? random.between(100, 3_000) : leaseMs + random.between(500, 2_500));
        stopped?.child.kill('SIGCONT');
      },
      forget: async () => {
        const keys = await gateway.redis.keys(`${gateway.config.redis.prefix}:*`);
        if (keys.length > 0) await gateway.redis.del(...keys);
      },
      trouble: async () => {
        crm.trouble = random.next() * 0.8;
        await pause(random.between(500, 4_000));
        crm.trouble = 0.2;
      },
      publish: async () => {
        versions += 1;
        gateway.file('essai/crm.yaml', `${patient}\n# version ${versions}\n`);
        await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'storm', note: 'storm' });
      },
      rights,
      rights_again: rights,
    };
    const end = Date.now() + options.seconds * 1_000;
    const feeding = (async () => {
      while (Date.now() < end) {
        await gateway.send(leadRow(`F-${sent}`));
        sent += 1;
        // Changes right behind the lead: updates that must wait for their create.
        if (random.next() < 0.3) {
          const reference = `F-${Math.max(0, sent - 1 - random.between(0, 4))}`;
          await gateway.send({
            client_id: 'essai',
            kind: 'correction',
            reference,
            row_reference: `${reference}-k${sent}`,
            last_name: `Martin-${sent}`,
          });
        }
        await pause(1_000 / options.rate);
      }
    })();
    const counts: Record<string, number> = {};
    const under: Promise<void>[] = [];
    while (Date.now() < end) {
      const name = random.pick(Object.keys(faults));
      counts[name] = (counts[name] ?? 0) + 1;
      under.push((faults[name] as () => Promise<void>)());
      await pause(random.between(50, 700));
    }
    await Promise.all([feeding, ...under]);
    options.log(
      `storm over: ${sent} leads; ${Object.entries(counts)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ')}`,
    );
    crm.trouble = 0;
    await calm(gateway, options);
    return await check(gateway, crm.records);
  } finally {
    for (const one of running) one.child.kill('SIGKILL');
    await gateway.close();
    await recipient.close();
  }
}

async function calm(gateway: Awaited<ReturnType<typeof openGateway>>, options: StormOptions): Promise<void> {
  const limit = Date.now() + (options.calmMs ?? 120_000);
  for (;;) {
    const [left] = await gateway.owner.all<{ n: number }>(
      `SELECT (SELECT COUNT(*) FROM lead_intake WHERE status = 'new') + (SELECT COUNT(*) FROM lead_changes)
            + (SELECT COUNT(*) FROM deliveries WHERE state NOT IN ('delivered', 'failed', 'cancelled')) AS n`,
    );
    if (left?.n === 0) return;
    // Whatever is left then is found by the checker, by name.
    if (Date.now() > limit) return options.log(`not settled in time: ${left?.n ?? '?'} left`);
    await pause(200);
  }
}
