"""Frames: what is written is what is read, and damage never hides the next frame."""

from __future__ import annotations

from binascii import crc32
from collections.abc import Sequence

from amaranth.sim import Simulator, SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from boards.checksum import Checksum
from boards.frames import FrameReader, FrameWriter
from boards.protocol import ESCAPE, FLAG, Frame, Frames, escape

SIZE = 6
GAP = 12
TAKEN = 20  # cycles, in which a frame comes out and is taken

# Flags and escapes are drawn more often than other bytes.
octets = st.one_of(st.integers(0, 255), st.sampled_from([FLAG, ESCAPE, FLAG ^ 32, ESCAPE ^ 32]))


def payloads(most: int) -> st.SearchStrategy[bytes]:
    return st.lists(octets, max_size=most).map(bytes)


numbers = st.builds(lambda a, b: 256 * a + b, octets, octets)
frames = st.builds(Frame, kind=octets, sequence=numbers, payload=payloads(SIZE))

DAMAGED = None
Piece = bytes | int | None
"""Bytes on the line, a silence of so many cycles, or a byte without a stop bit."""


def read(pieces: Sequence[Piece], gap: int = GAP) -> tuple[list[Frame], int]:
    """The frames in what comes over a line, a byte every `gap` cycles; how many were dropped."""
    reader = FrameReader(SIZE)
    found: list[Frame] = []
    dropped = 0

    async def send(ctx: SimulatorContext) -> None:
        for piece in [*pieces, TAKEN]:
            if isinstance(piece, int):
                await ctx.tick().repeat(piece)
                continue
            event = reader.error if piece is DAMAGED else reader.i.valid
            for byte in b"?" if piece is DAMAGED else piece:
                ctx.set(reader.i.payload, byte)
                ctx.set(event, 1)
                await ctx.tick()
                ctx.set(event, 0)
                await ctx.tick().repeat(gap - 1)

    async def take(ctx: SimulatorContext) -> None:
        nonlocal dropped
        memory = bytearray(SIZE)
        ctx.set(reader.o.ready, 1)
        async for *_, store, place, byte, drops, valid, header in ctx.tick().sample(
            reader.store,
            reader.place,
            reader.byte,
            reader.dropped,
            reader.o.valid,
            reader.o.payload,
        ):
            dropped += drops
            if store:
                memory[place] = byte
            if valid:
                payload = bytes(memory[: header.length])
                found.append(Frame(header.kind, header.sequence, payload))

    simulator = Simulator(reader)
    simulator.add_clock(1e-6)
    simulator.add_testbench(send)
    simulator.add_testbench(take, background=True)
    simulator.run()
    return found, dropped


def write(sent: Sequence[Frame], stalls: Sequence[int]) -> bytes:
    """The bytes of frames from a writer whose neighbours stall for so many cycles."""
    writer = FrameWriter(SIZE)
    written = bytearray()
    total = sum(len(frame.to_bytes()) for frame in sent)

    payload = b""

    async def give(ctx: SimulatorContext) -> None:
        nonlocal payload
        for kind, sequence, payload in sent:
            header = {"kind": kind, "sequence": sequence, "length": len(payload)}
            ctx.set(writer.header.payload, header)
            ctx.set(writer.header.valid, 1)
            await ctx.tick().until(writer.header.ready)
            ctx.set(writer.header.valid, 0)
            await ctx.tick().repeat(1 + stalls[0])

    async def answer(ctx: SimulatorContext) -> None:
        waited = 0
        async for *_, index, ready in ctx.tick().sample(writer.index, writer.payload.ready):
            waited = 0 if ready else waited + 1
            there = waited > 1 + stalls[index % len(stalls)] and index < len(payload)
            ctx.set(writer.payload.valid, there)
            ctx.set(writer.payload.payload, payload[index] if there else 0x7E)

    async def take(ctx: SimulatorContext) -> None:
        for cycle in range(200 * total):
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
    simulator.add_testbench(give)
    simulator.add_testbench(answer, background=True)
    simulator.add_testbench(take)
    simulator.run()
    return bytes(written)


@settings(max_examples=30)
@given(st.lists(frames, min_size=1, max_size=2), st.lists(st.integers(0, 4), min_size=1))
def test_the_writer_makes_the_bytes_of_frames(sent: list[Frame], stalls: list[int]) -> None:
    assert write(sent, stalls) == b"".join(frame.to_bytes() for frame in sent)


@settings(max_examples=30)
@given(st.lists(frames, min_size=1, max_size=3), payloads(5), st.integers(GAP, 20))
def test_the_reader_finds_the_frames(sent: list[Frame], noise: bytes, gap: int) -> None:
    noise = noise.replace(bytes([FLAG]), b"")
    pieces = [piece for frame in sent for piece in (noise, frame.to_bytes())]
    assert read([*pieces, noise], gap) == (sent, 0)


def faults(sent: bytes) -> st.SearchStrategy[bytes]:
    """The bytes of a frame after one of them was lost, doubled or changed, or one invented."""

    def damage(where: int, how: int, byte: int) -> bytes:
        here, after = sent[where : where + 1], sent[where + 1 :]
        instead = [b"", here * 2, bytes([here[0] ^ (byte or 1)]), here + bytes([byte])][how]
        return sent[:where] + instead + after

    return st.builds(damage, st.integers(0, len(sent) - 1), st.integers(0, 3), octets)


damaged_frames = frames.flatmap(lambda frame: faults(frame.to_bytes()))


@settings(max_examples=60)
@given(frames, st.data(), frames)
def test_whatever_happens_to_a_byte_the_next_frame_is_read(
    damaged: Frame, data: st.DataObject, following: Frame
) -> None:
    sent = data.draw(faults(damaged.to_bytes()))
    found, dropped = read([sent, following.to_bytes()])
    assert found[-1] == following
    # A doubled flag or a byte invented behind the frame leaves it as it was.
    assert found[:-1] in ([], [damaged])
    assert dropped + len(found) >= 1


@given(st.lists(st.one_of(payloads(20), damaged_frames), max_size=3), frames, payloads(9))
def test_the_host_finds_a_frame_behind_anything(
    noise: list[bytes], frame: Frame, after: bytes
) -> None:
    line = b"".join(noise)
    found = Frames().feed(line + frame.to_bytes() + after.replace(bytes([FLAG]), b""))
    assert found[-1] == frame


@given(st.lists(frames, min_size=1, max_size=3), payloads(9), st.integers(1, 7))
def test_the_host_never_waits_for_more_than_a_frame_has(
    sent: list[Frame], noise: bytes, most: int
) -> None:
    line = b"".join(noise + frame.to_bytes() for frame in sent)
    frames, found, place = Frames(), [], 0
    while len(found) < len(sent):
        count = min(frames.needed, most)
        assert place + count <= len(line)
        found += frames.feed(line[place : place + count])
        place += count
    assert found == sent


@settings(max_examples=40)
@given(frames, frames, st.data())
def test_a_byte_without_stop_bit_ends_its_frame(
    damaged: Frame, following: Frame, data: st.DataObject
) -> None:
    sent = damaged.to_bytes()
    at = data.draw(st.integers(1, len(sent) - 1))
    assert read([sent[:at], DAMAGED, sent[at:], following.to_bytes()]) == ([following], 1)


def test_a_payload_that_is_too_long_is_dropped_at_its_header() -> None:
    sent = Frame(2, 7, bytes(SIZE + 1)).to_bytes()
    assert read([sent[:6]]) == ([], 1)
    assert read([sent, Frame(2, 8).to_bytes()]) == ([Frame(2, 8)], 1)


def test_a_frame_that_breaks_off_waits_and_is_dropped_by_the_next() -> None:
    sent = Frame(2, 7, b"abc").to_bytes()
    assert read([sent[:-3], 500]) == ([], 0)
    assert read([sent[:-3], 500, sent[-3:]]) == ([Frame(2, 7, b"abc")], 0)
    assert read([sent[:-3], sent]) == ([Frame(2, 7, b"abc")], 1)


@given(payloads(30))
def test_no_flag_is_left_by_escapes(data: bytes) -> None:
    assert FLAG not in escape(data)
    assert len(escape(data)) == len(data) + data.count(FLAG) + data.count(ESCAPE)


@settings(max_examples=20)
@given(st.binary(max_size=8))
def test_the_checksum_is_that_of_the_host(data: bytes) -> None:
    checksum = Checksum()

    async def feed(ctx: SimulatorContext, byte: int) -> None:
        ctx.set(checksum.byte, byte)
        ctx.set(checksum.valid, 1)
        await ctx.tick()
        ctx.set(checksum.valid, 0)
        await ctx.tick().repeat(8)
        assert not ctx.get(checksum.busy)

    async def test(ctx: SimulatorContext) -> None:
        for byte in data:
            await feed(ctx, byte)
        assert ctx.get(checksum.register) ^ 0xFFFFFFFF == crc32(data)
        assert not ctx.get(checksum.match)
        for byte in crc32(data).to_bytes(4, "little"):
            await feed(ctx, byte)
        assert ctx.get(checksum.match)
        ctx.set(checksum.start, 1)
        await ctx.tick()
        assert ctx.get(checksum.register) == 0xFFFFFFFF

    simulator = Simulator(checksum)
    simulator.add_clock(1e-6)
    simulator.add_testbench(test)
    simulator.run()
