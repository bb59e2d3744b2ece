"""aiosmtpd, which keeps what it gets as `sink --dump` does: keep.py PORT DIR [CERT KEY]; with these it wants STARTTLS."""
import asyncio, ssl, sys

from aiosmtpd.smtp import SMTP


class Keep:
    def __init__(self, folder):
        self.folder, self.number = folder, 0

    async def handle_DATA(self, server, session, envelope):
        path = f'{self.folder}/{self.number}'
        self.number += 1
        # It says <> for no sender, and an address without its brackets for one.
        sender = envelope.mail_from.removeprefix('<>')
        with open(f'{path}.envelope', 'w') as file:
            file.write(f'from <{sender}>\n' + ''.join(f'to <{to}>\n' for to in envelope.rcpt_tos))
        with open(f'{path}.eml', 'wb') as file:
            file.write(envelope.original_content)
        return '250 kept'


async def main(port, folder, *files):
    options = {}
    if files:
        options['tls_context'] = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        options['tls_context'].load_cert_chain(*files)
        options['require_starttls'] = True
    keep = Keep(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(keep, decode_data=False, **options), '127.0.0.1', int(port))
    print('ready', flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
