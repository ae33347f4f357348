-- Daily bills of the payment channels: the files as they came, their lines, what differs from us.

CREATE TABLE bill (
    market_id   text        COLLATE "C" NOT NULL,
    bill_no     text        COLLATE "C" NOT NULL,
    channel     text        COLLATE "C" NOT NULL,
    form        text        NOT NULL,
    sha256      text        NOT NULL,
    filename    text        NOT NULL,
    size        bigint      NOT NULL,
    state       text        NOT NULL CHECK (state IN ('read', 'refused')),
    day_from    date,
    day_to      date,
    lines       integer     NOT NULL DEFAULT 0,
    fault       jsonb,
    imported_at timestamptz NOT NULL,
    imported_by text        NOT NULL,
    PRIMARY KEY (market_id, bill_no)
);

CREATE INDEX bill_of_channel ON bill (market_id, channel, imported_at DESC);

CREATE TABLE bill_line (
    market_id    text    COLLATE "C" NOT NULL,
    channel      text    COLLATE "C" NOT NULL,
    kind         text    NOT NULL CHECK (
        kind IN ('payment', 'refund', 'dispute', 'dispute_back', 'payout', 'fee')),
    number       text    COLLATE "C" NOT NULL,
    bill_no      text    COLLATE "C" NOT NULL,
    line_no      integer NOT NULL,
    day          date    NOT NULL,
    order_no     text    COLLATE "C" NOT NULL,
    trade_no     text    COLLATE "C" NOT NULL,
    amount_minor bigint  NOT NULL CHECK (amount_minor >= 0),
    fee_minor    bigint  NOT NULL,
    currency     text    NOT NULL,
    ours         text    COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (market_id, channel, kind, number)
);

CREATE INDEX bill_line_of_bill ON bill_line (market_id, bill_no, line_no);
CREATE INDEX bill_line_ours ON bill_line (market_id, channel, kind, ours) WHERE ours <> '';

CREATE TABLE bill_difference (
    market_id   text        COLLATE "C" NOT NULL,
    channel     text        COLLATE "C" NOT NULL,
    kind        text        NOT NULL,
    number      text        COLLATE "C" NOT NULL,
    what        text        NOT NULL CHECK (
        what IN ('missing_here', 'missing_there', 'amount_differs')),
    day         date        NOT NULL,
    order_no    text        COLLATE "C" NOT NULL,
    bill_minor  bigint,
    book_minor  bigint,
    currency    text        NOT NULL,
    bill_no     text        COLLATE "C" NOT NULL,
    line_no     integer     NOT NULL DEFAULT 0,
    found_at    timestamptz NOT NULL,
    resolved_at timestamptz,
    resolved_by text        NOT NULL DEFAULT '',
    resolution  text        NOT NULL DEFAULT '',
    PRIMARY KEY (market_id, channel, kind, number)
);

CREATE INDEX bill_difference_open ON bill_difference (market_id, day, channel)
    WHERE resolved_at IS NULL;
