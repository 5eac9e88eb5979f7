using System.Text;

namespace LoraBridge.Examples.BaseModel.Tokenizer;

/// <summary>
/// GPT-2's spelling of bytes as visible characters: printable Latin-1 stands for itself, the other 68 bytes for the
/// characters from U+0100 on (a space is "Ġ"). Vocabularies in GGUF files are written in it.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] ToChar = Build();

    private static readonly Dictionary<char, byte> ToByte = Enumerable.Range(0, 256).ToDictionary(b => ToChar[b], b => (byte)b);

    public static string Spell(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes) text.Append(ToChar[b]);
        return text.ToString();
    }

    /// <exception cref="InvalidDataException">A character that stands for no byte.</exception>
    public static byte[] Unspell(string text)
    {
        var bytes = new byte[text.Length];
        for (var i = 0; i < text.Length; i++)
        {
            if (!ToByte.TryGetValue(text[i], out bytes[i]))
                throw new InvalidDataException($"'{text}' is no token: U+{(int)text[i]:X4} at {i} stands for no byte");
        }
        return bytes;
    }

    private static char[] Build()
    {
        var map = new char[256];
        var next = (char)0x100;
        for (var b = 0; b < 256; b++)
        {
            var visible = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            map[b] = visible ? (char)b : next++;
        }
        return map;
    }
}
