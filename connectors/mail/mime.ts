// Builds the bytes of a mail. nodemailer writes MIME.
// Invariant: the same mail gives the same bytes (Message-ID, Date and boundaries included), and no file or address is read for it.

export interface Attachment {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  readonly replyTo?: string;
  readonly subject: string;
  readonly messageId: string;
  readonly date: Date;
  readonly text: string;
  readonly html?: string;
  readonly attachments: readonly Attachment[];
  readonly headers: Readonly<Record<string, string>>;
  /** Separates the parts; unique to this mail. */
  readonly boundary: string;
}

export async function mailBytes({
  cc = [],
  boundary,
  headers,
  attachments,
  to,
  ...mail
}: Mail): Promise<Buffer> {
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  return await new MailComposer({
    ...mail,
    to: [...to],
    ...(cc.length === 0 ? {} : { cc: [...cc] }),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All', ...headers },
    ...(attachments.length === 0
      ? {}
      : {
          attachments: attachments.map(({ name, mediaType, bytes }) => ({
            filename: name,
            contentType: mediaType,
            content: Buffer.from(bytes),
            contentDisposition: 'attachment' as const,
          })),
        }),
    baseBoundary: boundary,
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
}
