// Loaded before a gateway of its own process: freezes it at the end of its first TLS handshake, in the call that would go on to send.
import { syncBuiltinESMExports } from 'node:module';
import tls from 'node:tls';

const connect = tls.connect.bind(tls) as (...given: unknown[]) => tls.TLSSocket;
let isFirst = true;

tls.connect = (...given: unknown[]) => {
  const socket = connect(...given);
  if (isFirst) socket.prependOnceListener('secureConnect', () => process.kill(process.pid, 'SIGSTOP'));
  isFirst = false;
  return socket;
};
syncBuiltinESMExports();
