"""A small witness of other people's logs (C2SP tlog-witness). It needs no database."""
