"""The letters that travel between `send`, `sink` and other people's software, for the scripts beside this one.

A letter is N.eml, as it goes over the wire, with its envelope beside it in N.envelope as `sink` writes it.
"""
import glob, os, random, re, smtplib, sys

LARGE = 1024 * 1024
PIECES = [b'.', b'..', b'...', b'.x', b'x' * 70, b'y' * 990, b'.' + b'z' * 997, b'', b'From here', 'crêpe'.encode(),
          b'\xff\xfe', b'QUIT', b'\tx \t']
SENDERS = ['alice@example.org', '', '"a .. b"@example.org', '"say \\"hello\\""@example.org', "al.i+c'e@example.org"]
RECIPIENTS = ['bob', 'carol', '"dot.. ted"', 'erin+x', 'postmaster']


def make(into, name, count):
    """Writes letters to NAME.example: an empty one, one of a megabyte, one without its last CRLF, and chance's."""
    os.makedirs(into)
    random.seed(name)
    for number in range(int(count)):
        head = [b'From: alice@example.org', b'To: bob@example.org', b'Date: Tue, 1 Apr 2025 10:00:00 +0000',
                b'Message-ID: <%s.%d@example.org>' % (name.encode(), number), b'Subject: %d' % number, b'MIME-Version: 1.0',
                b'Content-Type: text/plain; charset=utf-8', b'Content-Transfer-Encoding: 8bit', b'']
        body = []
        while number == 1 and sum(map(len, body)) < LARGE or number > 1 and len(body) < random.randrange(2, 60):
            body.append(random.choice(PIECES))
        body += [random.choice([b'.', b'the end', b'..'])] if number else []
        letter = b''.join(line + b'\r\n' for line in head + body)
        with open(f'{into}/{number}.eml', 'wb') as file:
            file.write(letter.removesuffix(b'\r\n') if number == 2 else letter)
        to = random.sample(RECIPIENTS, random.randrange(1, 4))
        with open(f'{into}/{number}.envelope', 'w') as file:
            file.write(f'from <{SENDERS[number % len(SENDERS)]}>\n' + ''.join(f'to <{who}@{name}.example>\n' for who in to))


def copies(folder):
    """What each recipient got: (from, to, letter)."""
    for path in glob.glob(f'{folder}/*.eml'):
        lines = open(path.removesuffix('eml') + 'envelope').read().splitlines()
        sender = [line[5:] for line in lines if line.startswith('from ')]
        letter = open(path, 'rb').read()
        yield from ((sender[0], line[3:], letter) for line in lines if line.startswith('to '))


def front(letter):
    """The fields that those who hand a letter on put in front, and the letter."""
    fields = re.match(rb'(?i)(?:(?:received|return-path|delivered-to|x-original-to):[^\n]*\n(?:[ \t][^\n]*\n)*)*', letter)
    return fields[0].decode(), letter[fields.end():]


def delivered(folder):
    """What is in a Maildir, whose fields in front tell the envelope."""
    for path in glob.glob(f'{folder}/new/*'):
        fields, letter = front(open(path, 'rb').read())
        sender = re.search(r'(?m)^Return-Path: (<.*>)$', fields)
        to = re.search(r'(?m)^X-Original-To: (.*)$', fields)
        yield sender[1], f'<{to[1]}>', letter


def bare(folder):
    """The letters alone, for clients that are told the envelope otherwise."""
    for path in glob.glob(f'{folder}/*.eml'):
        yield '', '', open(path, 'rb').read()


# How what they got is kept, and what of it is compared: "copies" and "letters" octet for octet, what a
# "maildir" holds but for the ends of lines, and "mboxo" but for the quoting of From.
KINDS = {'copies': (copies, copies), 'letters': (bare, bare), 'maildir': (copies, delivered), 'mboxo': (bare, bare)}


def plain(letter, kind):
    """Without what cannot be compared."""
    if kind == 'maildir':
        return letter.replace(b'\r\n', b'\n')
    return re.sub(rb'(?m)^>+From ', b'From ', letter) if kind == 'mboxo' else letter


def compare(sent, got, kind):
    """Says how what they got differs from what was sent, but for the fields that relays put in front."""
    read_sent, read_got = KINDS[kind]
    # In transit a letter's last line ends.
    want = ((sender, to, letter.removesuffix(b'\r\n') + b'\r\n') for sender, to, letter in read_sent(sent))
    have = ((sender, to, front(letter)[1]) for sender, to, letter in read_got(got))
    want, have = (sorted((sender, to, plain(letter, kind)) for sender, to, letter in side) for side in (want, have))
    if want == have:
        return None
    have_one, want_one = next((pair for pair in zip(have, want) if pair[0] != pair[1]), (('', '', b''), ('', '', b'')))
    at = next((i for i, pair in enumerate(zip(have_one[2], want_one[2])) if pair[0] != pair[1]),
              min(len(have_one[2]), len(want_one[2])))
    show = lambda one: (one[0], one[1], one[2][max(0, at - 40):at + 40])
    return f'{len(have)} of {len(want)}; at {at}: {show(have_one)} is not {show(want_one)}'


def envelopes(folder):
    for path in sorted(glob.glob(f'{folder}/*.eml')):
        sender, *to = open(path.removesuffix('eml') + 'envelope').read().splitlines()
        yield sender[6:-1], [line[4:-1] for line in to], path


def inject(folder, port, user=None, password=None):
    """Hands the letters to an SMTP server, as a user of its if one is named."""
    with smtplib.SMTP('127.0.0.1', int(port)) as smtp:
        if user:
            smtp.login(user, password)
        for sender, to, path in envelopes(folder):
            smtp.ehlo_or_helo_if_needed()
            # In the smtplib's own words, which would take an address apart to write it again.
            commands = [f'MAIL FROM:<{sender}> BODY=8BITMIME'] + [f'RCPT TO:<{one}>' for one in to]
            for command in commands:
                code, text = smtp.docmd(command)
                assert code == 250, (command, code, text)
            code, text = smtp.data(open(path, 'rb').read())
            assert code == 250, (path, code, text)


def batch(folder):
    """Prints the letters as batched SMTP."""
    out = sys.stdout.buffer
    for sender, to, path in envelopes(folder):
        letter = open(path, 'rb').read().removesuffix(b'\r\n') + b'\r\n'
        commands = [f'MAIL FROM:<{sender}>'] + [f'RCPT TO:<{one}>' for one in to] + ['DATA']
        out.write(''.join(command + '\r\n' for command in commands).encode())
        out.write(re.sub(rb'(?m)^\.', b'..', letter) + b'.\r\n')


def arguments(folder):
    """Prints what `send` has to be told, an argument a line, an empty line after each letter."""
    for sender, to, path in envelopes(folder):
        # A comma parts recipients there; ours have none.
        print(f'--from={sender}', *(f'--to={one}' for one in to), path, '', sep='\n')


if __name__ == '__main__':
    error = globals()[sys.argv[1]](*sys.argv[2:])
    sys.exit(error)
