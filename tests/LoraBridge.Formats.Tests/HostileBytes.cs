using System.Buffers.Binary;
using CsCheck;

namespace LoraBridge.Formats.Tests;

/// <summary>Random damage to the bytes of a valid file.</summary>
internal static class HostileBytes
{
    private static readonly ulong[] Extremes =
    [
        0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, int.MaxValue, 1UL << 31, uint.MaxValue,
        1UL << 60, long.MaxValue, 1UL << 63, ulong.MaxValue,
    ];

    /// <summary>A few changed bytes, an extreme number somewhere, a piece cut out or repeated, or a shorter file.</summary>
    public static Gen<byte[]> Of(byte[] valid) => Gen.OneOf(Bytes(valid), Numbers(valid), Truncated(valid), Moved(valid));

    private static Gen<byte[]> Bytes(byte[] valid) =>
        Gen.Select(Gen.Int[0, valid.Length - 1], Gen.Byte).Array[1, 6].Select(changes =>
        {
            var bytes = (byte[])valid.Clone();
            foreach (var (position, value) in changes)
                bytes[position] = value;
            return bytes;
        });

    private static Gen<byte[]> Numbers(byte[] valid) =>
        Gen.Select(Gen.Int[0, valid.Length - 8], Gen.Int[0, Extremes.Length - 1], Gen.Bool).Select((position, index, wide) =>
        {
            var value = Extremes[index];
            var bytes = (byte[])valid.Clone();
            if (wide)
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(position), value);
            else
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(position), (uint)value);
            return bytes;
        });

    private static Gen<byte[]> Truncated(byte[] valid) => Gen.Int[0, valid.Length - 1].Select(length => valid[..length]);

    private static Gen<byte[]> Moved(byte[] valid) =>
        Gen.Select(Gen.Int[0, valid.Length], Gen.Int[0, valid.Length]).Select(
            (from, to) => (byte[])[.. valid[..from], .. valid[to..]]);

    /// <summary>
    /// Runs the action and checks that it either works or says that the data are invalid, and that what it allocates stays in
    /// proportion to the bytes it was given.
    /// </summary>
    public static void CheckSafe(byte[] bytes, Action open)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            open();
        }
        catch (InvalidDataException exception)
        {
            Assert.DoesNotContain('\n', exception.Message);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < 1_000_000 + (100L * bytes.Length), $"{allocated} bytes allocated for a file of {bytes.Length}");
    }
}
