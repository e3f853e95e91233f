// API and console of the installation, as other machines reach them; and what happens without their settings.
import { connect, type PeerCertificate } from 'node:tls';
import { request } from 'node:https';
import { containerOf, journalOf } from './containers.ts';
import { must, type Scene } from './scene.ts';
import { until } from './shell.ts';
import type { Site } from './site.ts';

/** Neither TLS nor a proxy: `up` names both doors; a gateway that is started all the same reports it once and waits. */
export async function withoutSettings({ site, say }: Scene): Promise<void> {
  site.set({ TLS_PEM: '', PROXIES: '' });
  const up = await site.tryCompose('up', '--detach');
  must(up.code !== 0, 'up succeeds without TLS and without a proxy');
  const said = await journalOf('migrate');
  must(said.includes('the API needs RELAIS_API_TLS_PEM'), 'migrate does not name the API');
  must(said.includes('the console needs RELAIS_CONSOLE_TLS_PEM'), 'migrate does not name the console');
  await site.compose('up', '--detach', '--no-deps', 'gateway');
  await until(
    'the gateway is unhealthy',
    120,
    async () => (await containerOf(site, 'gateway')).health === 'unhealthy',
  );
  const { restarts } = await containerOf(site, 'gateway');
  const reported = (await journalOf('gateway')).match(/the API needs RELAIS_API_TLS_PEM/g) ?? [];
  must(restarts === 0 && reported.length === 1, `${restarts} restarts, reported ${reported.length} times`);
  say('without TLS and proxies: both doors named, reported once, no restart');
}

/** Behind a proxy: plain HTTP, from the proxy's address alone believed. */
export async function behindProxy({ site, say }: Scene): Promise<void> {
  site.set({ TLS_PEM: '', PROXIES: `${site.nets.outside}.1` });
  await site.compose('up', '--detach', '--wait', 'gateway');
  for (const port of [site.ports.API_PORT, site.ports.CONSOLE_PORT]) {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/openapi.json`, { redirect: 'manual' });
    must(answer.status < 500, `${port} answers ${answer.status} behind a proxy`);
  }
  say('behind a proxy: API and console answer in plain HTTP');
}

export async function withTls({ site, say }: Scene): Promise<void> {
  site.set({ TLS_PEM: '/tls/both.pem', PROXIES: '' });
  await site.compose('up', '--detach', '--wait', 'gateway');
  const ca = await authorityOf(site);
  for (const [port, path, status] of [
    [site.ports.API_PORT, '/v1/openapi.json', 200],
    [site.ports.CONSOLE_PORT, '/sign-in', 200],
  ] as const) {
    const answered = await statusOf(port, path, ca);
    must(answered === status, `https://localhost:${port}${path} answers ${answered}`);
  }
  say('with TLS: API and console answer under the private authority');
}

export async function authorityOf(site: Site): Promise<string> {
  return await site.compose('exec', '-T', 'gateway', 'cat', '/certificates/ca.pem');
}

const statusOf = (port: number, path: string, ca: string): Promise<number> =>
  new Promise((done, fail) => {
    request({ host: 'localhost', port, path, ca }, (response) => {
      response.resume();
      done(response.statusCode ?? 0);
    })
      .on('error', fail)
      .end();
  });

/** Serial number of the certificate that a TLS server on this port shows. */
export const serialOf = (port: number): Promise<string> =>
  new Promise((done, fail) => {
    const socket = connect({ host: 'localhost', port, rejectUnauthorized: false }, () => {
      const certificate: PeerCertificate = socket.getPeerCertificate();
      socket.destroy();
      done(certificate.serialNumber);
    });
    socket.on('error', fail);
  });
