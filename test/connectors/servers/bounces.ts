// Mails that mail servers send back, in the forms of Postfix and Exchange.

interface Bounce {
  /** Where it comes back to. */
  readonly to: string;
  readonly mailbox: string;
  readonly original?: string;
  readonly status?: string;
  readonly action?: string;
}

const crlf = (lines: readonly string[]): string => lines.join('\r\n');

export const bounceMail = ({ to, mailbox, original, status = '5.1.1', action = 'failed' }: Bounce): string =>
  crlf([
    'Return-Path: <>',
    `Delivered-To: ${to}`,
    'From: MAILER-DAEMON@mx.horizon.example (Mail Delivery System)',
    `To: ${to}`,
    'Subject: Undelivered Mail Returned to Sender',
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="B1"',
    '',
    '--B1',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'This is the mail system at host mx.horizon.example. Bonjour Zoe Martin.',
    '',
    '--B1',
    'Content-Description: Delivery report',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.horizon.example',
    'X-Postfix-Queue-ID: 4A5B6C',
    '',
    `Final-Recipient: rfc822; ${mailbox}`,
    ...(original === undefined ? [] : [`Original-Recipient: rfc822;${original}`]),
    `Action: ${action}`,
    `Status: ${status}`,
    'Diagnostic-Code: smtp; 550 5.1.1 <zoe.martin@horizon.example>: Recipient address',
    '    rejected: User unknown',
    '',
    '--B1',
    'Content-Type: text/rfc822-headers',
    '',
    'Subject: Nouvelle demande L-2026-0007',
    '',
    '--B1--',
    '',
  ]);

export const postfixDelay = (to: string, mailbox: string): string =>
  bounceMail({ to, mailbox, action: 'delayed', status: '4.4.1' });

export function exchangeBounce(to: string, mailbox: string): string {
  const report = crlf([
    'Reporting-MTA: dns;EXCH.horizon.example',
    '',
    `Final-Recipient: RFC822;${mailbox}`,
    'Action: failed',
    'Status: 5.7.1',
    'Diagnostic-Code: smtp;550 5.7.1 RESOLVER.RST.AuthRequired',
    '',
  ]);
  return crlf([
    'From: <postmaster@horizon.example>',
    `To: <${to}>`,
    'Subject: Undeliverable',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status;',
    '\tboundary="_x_"',
    '',
    '--_x_',
    'Content-Type: text/html; charset="utf-8"',
    '',
    '<html><b>Your message could not be delivered</b></html>',
    '',
    '--_x_',
    'Content-Type: message/delivery-status',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from(report).toString('base64'),
    '',
    '--_x_--',
    '',
  ]);
}
