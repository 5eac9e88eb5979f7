using System.Collections;
using System.Text;

namespace LoraBridge.Formats;

/// <summary>
/// An array of strings held as one block of UTF-8 and its offsets: a vocabulary of 200 000 tokens is two objects, not
/// 200 000. A string is decoded when it is read.
/// </summary>
public sealed class GgufStringArray : IReadOnlyList<string>
{
    private readonly byte[] _bytes;
    private readonly int[] _ends;

    internal GgufStringArray(byte[] bytes, int[] ends)
    {
        _bytes = bytes;
        _ends = ends;
    }

    /// <summary>Encodes the strings.</summary>
    public GgufStringArray(IEnumerable<string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var bytes = new MemoryStream();
        var ends = new List<int>();
        foreach (var value in values)
        {
            ArgumentNullException.ThrowIfNull(value, nameof(values));
            bytes.Write(Encoding.UTF8.GetBytes(value));
            ends.Add((int)bytes.Length);
        }

        _bytes = bytes.ToArray();
        _ends = [.. ends];
    }

    /// <summary>Number of strings.</summary>
    public int Count => _ends.Length;

    /// <summary>Decodes one string; bytes that are not UTF-8 become replacement characters.</summary>
    public string this[int index] => Encoding.UTF8.GetString(Utf8(index));

    /// <summary>The bytes of one string as the file has them.</summary>
    public ReadOnlySpan<byte> Utf8(int index)
    {
        var start = index == 0 ? 0 : _ends[index - 1];
        return _bytes.AsSpan(start, _ends[index] - start);
    }

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
