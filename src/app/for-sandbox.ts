// Exports the parts of the program that the sandbox uses: connections, accounts, actions of support.
// Invariant: nothing here runs without a sandbox.
export { createAccount, setPasswordWithCode } from '../access/accounts.ts';
export { sessionOfToken } from '../access/sessions.ts';
export { beginEnrolment, finishEnrolment, signIn } from '../access/sign-in.ts';
export { resolve } from '../delivery/outcome/resolve.ts';
export { requestFile } from '../delivery/files/collect.ts';
export { openRedis } from '../queue/connect.ts';
export { openDatabase } from '../store/database.ts';
export { closeDeliveries } from '../support/close-and-cancel.ts';
export { setDestinationStatus } from '../support/suspend.ts';
