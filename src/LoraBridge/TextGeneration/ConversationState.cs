using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace LoraBridge.TextGeneration;

/// <summary>
/// The cache of a conversation as it is kept in a file: tokens, and keys and values as llama.cpp writes them, for exactly the model and
/// adapters it was computed with.
/// </summary>
/// <param name="Origin">What it was computed with: model, adapters with their scales, build of the native libraries.</param>
/// <param name="Tokens">What it holds.</param>
/// <param name="Data">Keys and values.</param>
internal sealed record ConversationState(string Origin, int[] Tokens, byte[] Data)
{
    private const int HashSize = SHA256.HashSizeInBytes;
    private const int MostOriginBytes = 1 << 20;

    private static ReadOnlySpan<byte> Magic => "LoraBridge conversation 1\n"u8;

    internal void Write(Stream stream)
    {
        var origin = Encoding.UTF8.GetBytes(Origin);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Put(Magic);
        Put(Number(origin.Length));
        Put(origin);
        Put(Number(Tokens.Length));
        Put(MemoryMarshal.AsBytes<int>(Tokens));
        Put(Number(Data.Length));
        Put(Data);
        stream.Write(hash.GetHashAndReset());

        void Put(ReadOnlySpan<byte> bytes)
        {
            hash.AppendData(bytes);
            stream.Write(bytes);
        }
    }

    /// <exception cref="InvalidDataException">It is no such file, or damaged.</exception>
    internal static ConversationState Read(Stream stream)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (!Take(Magic.Length).AsSpan().SequenceEqual(Magic))
            throw new InvalidDataException("This is no state of a conversation: it does not begin like one.");
        var origin = Encoding.UTF8.GetString(Take(Count("origin", MostOriginBytes)));
        var tokens = new int[Count("tokens", int.MaxValue / sizeof(int))];
        Take(tokens.Length * sizeof(int)).CopyTo(MemoryMarshal.AsBytes(tokens.AsSpan()));
        var data = Take(Count("cache", Array.MaxLength));
        var found = new byte[HashSize];
        if (stream.ReadAtLeast(found, HashSize, throwOnEndOfStream: false) < HashSize || !hash.GetHashAndReset().AsSpan().SequenceEqual(found))
            throw Damaged();
        return new ConversationState(origin, tokens, data);

        int Count(string what, int most)
        {
            var count = BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));
            return count >= 0 && count <= most ? count : throw new InvalidDataException($"The state of a conversation is damaged: {count} for the size of its {what}.");
        }

        // In pieces, so that a size that lies does not allocate more than there is.
        byte[] Take(int count)
        {
            const int Piece = 1 << 20;
            using var bytes = new MemoryStream(Math.Min(count, Piece));
            var buffer = new byte[Math.Min(count, Piece)];
            for (var left = count; left > 0; left -= buffer.Length)
            {
                var piece = buffer.AsSpan(0, Math.Min(left, buffer.Length));
                if (stream.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false) < piece.Length)
                    throw Damaged();
                bytes.Write(piece);
            }
            var result = bytes.ToArray();
            hash.AppendData(result);
            return result;
        }
    }

    private static byte[] Number(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static InvalidDataException Damaged() => new("The state of a conversation is damaged or cut off: its hash does not match.");
}
