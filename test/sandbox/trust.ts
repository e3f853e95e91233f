// MySQL lets no guest make triggers while it writes a binary log, and to the tests' own server demo and trials are guests.
import { gatewayTools } from '../../sandbox/demo/gateway.ts';

/** As docs/install.md asks of who administers the server. @param mysqlUrl an account that administers it */
export async function trustGuests(mysqlUrl: string): Promise<void> {
  const server = gatewayTools.connect(mysqlUrl);
  try {
    await server.text('SET GLOBAL log_bin_trust_function_creators = ON');
  } finally {
    await server.close();
  }
}
