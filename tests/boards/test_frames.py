"""Frames: what is written is what is read, and damage never hides the next frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from amaranth.sim import Simulator, SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from boards.frames import FrameReader, FrameWriter
from boards.protocol import SYNC, Frame, Refusal, crc

SIZE = 6
PATIENCE = 30

frames = st.builds(
    Frame, kind=st.integers(0, 255), tag=st.integers(0, 255), payload=st.binary(max_size=SIZE)
)


class Request(NamedTuple):
    """What a reader gives out."""

    fault: int
    kind: int
    tag: int
    payload: bytes


DAMAGED = None
SILENCE = 2 * PATIENCE
TAKEN = 4 * SIZE  # cycles, in which a request is taken with its payload
Piece = bytes | int | None
"""Bytes on the line, a silence of so many cycles, or a damaged byte."""


def read(pieces: Sequence[Piece], gap: int = 3) -> list[Request]:
    """The requests in what comes over a line, a byte every `gap` + 1 cycles."""
    reader = FrameReader(SIZE, PATIENCE)
    requests: list[Request] = []

    async def send(ctx: SimulatorContext) -> None:
        for piece in [*pieces, SILENCE]:
            if isinstance(piece, int):
                await ctx.tick().repeat(piece)
                continue
            event = reader.error if piece is DAMAGED else reader.i.valid
            for byte in b"?" if piece is DAMAGED else piece:
                ctx.set(reader.i.payload, byte)
                ctx.set(event, 1)
                await ctx.tick()
                ctx.set(event, 0)
                await ctx.tick().repeat(gap)

    async def take(ctx: SimulatorContext) -> None:
        while True:
            *_, valid, request = await ctx.tick().sample(reader.o.valid, reader.o.payload)
            if not valid:
                continue
            header, payload = request.header, bytearray()
            for address in range(min(header.length, SIZE)):
                ctx.set(reader.address, address)
                *_, byte = await ctx.tick().sample(reader.byte)
                *_, byte = await ctx.tick().sample(reader.byte)
                payload.append(byte)
            requests.append(Request(request.fault, header.kind, header.tag, bytes(payload)))
            ctx.set(reader.o.ready, 1)
            await ctx.tick()
            ctx.set(reader.o.ready, 0)

    simulator = Simulator(reader)
    simulator.add_clock(1e-6)
    simulator.add_testbench(send)
    simulator.add_testbench(take, background=True)
    simulator.run()
    return requests


def write(frame: Frame, stalls: Sequence[int]) -> bytes:
    """The bytes of a frame from a writer whose neighbours stall for so many cycles."""
    writer = FrameWriter()
    written = bytearray()
    total = len(frame.to_bytes())

    async def header(ctx: SimulatorContext) -> None:
        ctx.set(
            writer.header.payload,
            {"kind": frame.kind, "tag": frame.tag, "length": len(frame.payload)},
        )
        ctx.set(writer.header.valid, 1)
        await ctx.tick().until(writer.header.ready)
        ctx.set(writer.header.valid, 0)

    async def payload(ctx: SimulatorContext) -> None:
        for i, byte in enumerate(frame.payload):
            await ctx.tick().repeat(1 + stalls[i % len(stalls)])
            ctx.set(writer.payload.payload, byte)
            ctx.set(writer.payload.valid, 1)
            await ctx.tick().until(writer.payload.ready)
            ctx.set(writer.payload.valid, 0)

    async def take(ctx: SimulatorContext) -> None:
        for cycle in range(100 * total):
            ready = cycle % (1 + stalls[len(written) % len(stalls)]) == 0
            ctx.set(writer.o.ready, ready)
            *_, valid, byte = await ctx.tick().sample(writer.o.valid, writer.o.payload)
            if valid and ready:
                written.append(byte)
            if len(written) == total:
                return
        raise AssertionError(f"cycle budget spent: {len(written)} of {total} bytes arrived")

    simulator = Simulator(writer)
    simulator.add_clock(1e-6)
    for testbench in (header, payload, take):
        simulator.add_testbench(testbench)
    simulator.run()
    return bytes(written)


def good(frame: Frame) -> Request:
    return Request(0, frame.kind, frame.tag, frame.payload)


@given(frames)
def test_the_checksum_of_a_whole_frame_is_zero(frame: Frame) -> None:
    assert crc(frame.to_bytes()[1:]) == 0


@settings(max_examples=30)
@given(frames, st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_the_writer_makes_the_bytes_of_a_frame(frame: Frame, stalls: list[int]) -> None:
    assert write(frame, stalls) == frame.to_bytes()


@settings(max_examples=30)
@given(st.lists(frames, min_size=1, max_size=3), st.binary(max_size=5), st.integers(2, 10))
def test_the_reader_finds_the_frames(sent: list[Frame], noise: bytes, gap: int) -> None:
    noise = noise.replace(bytes([SYNC]), b"")
    pieces = [piece for frame in sent for piece in (noise, frame.to_bytes(), TAKEN)]
    assert read(pieces, gap) == [good(frame) for frame in sent]


@settings(max_examples=40)
@given(frames, frames, st.data())
def test_one_wrong_bit_is_noticed_and_the_next_frame_is_read(
    damaged: Frame, following: Frame, data: st.DataObject
) -> None:
    sent = bytearray(damaged.to_bytes())
    bit = data.draw(st.integers(0, 8 * len(sent) - 1))
    sent[bit // 8] ^= 1 << bit % 8
    *faulty, last = read([bytes(sent), SILENCE, following.to_bytes()])
    assert last == good(following)
    assert all(request.fault != 0 for request in faulty)


@settings(max_examples=30)
@given(frames, frames, st.data())
def test_a_damaged_byte_ends_its_frame(
    damaged: Frame, following: Frame, data: st.DataObject
) -> None:
    sent = damaged.to_bytes()
    at = data.draw(st.integers(1, len(sent) - 1))
    first, *_, last = read([sent[:at], DAMAGED, SILENCE, following.to_bytes()])
    assert first.fault == Refusal.LINE
    assert last == good(following)


def test_a_payload_that_is_too_long_is_refused_at_its_header() -> None:
    (request,) = read([Frame(2, 7, bytes(SIZE + 1)).to_bytes()])
    assert request[:3] == (Refusal.LENGTH, 2, 7)


def test_a_frame_that_breaks_off_is_refused() -> None:
    (request,) = read([Frame(2, 7, b"abc").to_bytes()[:-3]])
    assert request[:3] == (Refusal.BROKEN_OFF, 2, 7)


def test_a_pause_within_the_patience_is_no_fault() -> None:
    frame = Frame(2, 7, b"abc")
    assert read([frame.to_bytes()], gap=PATIENCE - 2) == [good(frame)]
