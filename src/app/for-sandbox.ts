// What the sandbox uses of the program, which stands outside: a connection of an account of its own, people, what support does.
// Invariant: nothing here runs where no sandbox does.
export { createAccount, setPasswordWithCode } from '../access/accounts.ts';
export { sessionOfToken } from '../access/sessions.ts';
export { beginEnrolment, finishEnrolment, signIn } from '../access/sign-in.ts';
export { resolve } from '../delivery/attempt/resolve.ts';
export { requestFile } from '../delivery/files/collect.ts';
export { openRedis } from '../queue/connect.ts';
export { openDatabase } from '../store/database.ts';
export { closeDeliveries } from '../support/close-tasks.ts';
export { setDestinationStatus } from '../support/suspend.ts';
