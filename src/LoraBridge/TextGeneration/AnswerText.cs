using System.Text;

namespace LoraBridge.TextGeneration;

/// <summary>
/// Puts an answer together from the bytes of its tokens: characters may be split across tokens, and text that may turn out to start a
/// stop sequence is held back until that is decided.
/// </summary>
internal sealed class AnswerText(IReadOnlyList<string> stopSequences)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder _text = new();
    private string _held = "";

    /// <summary>The answer so far, without what is held back.</summary>
    public override string ToString() => _text.ToString();

    /// <summary>Whether a stop sequence came up.</summary>
    internal bool IsStopped { get; private set; }

    /// <summary>Adds the bytes of a token and returns the text that is now certain.</summary>
    internal string Append(ReadOnlySpan<byte> bytes) => Take(_held + Decode(bytes, flush: false), isEnd: false);

    /// <summary>Ends the answer and returns the text that was held back.</summary>
    internal string Complete() => Take(_held + Decode([], flush: true), isEnd: true);

    private string Take(string text, bool isEnd)
    {
        if (IsStopped)
            return "";
        var stop = FirstStop(text);
        IsStopped = stop >= 0;
        var end = IsStopped ? stop : isEnd ? text.Length : text.Length - HeldLength(text);
        _held = IsStopped ? "" : text[end..];
        _text.Append(text, 0, end);
        return text[..end];
    }

    private int FirstStop(string text)
    {
        var first = -1;
        foreach (var sequence in stopSequences)
        {
            var at = text.IndexOf(sequence, StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || at < first))
                first = at;
        }
        return first;
    }

    /// <summary>Length of the longest end of the text that starts a stop sequence.</summary>
    private int HeldLength(string text)
    {
        var longest = 0;
        foreach (var sequence in stopSequences)
        {
            for (var length = Math.Min(sequence.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(sequence.AsSpan(0, length)))
                    longest = length;
            }
        }
        return longest;
    }

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        var characters = new char[_decoder.GetCharCount(bytes, flush)];
        _decoder.GetChars(bytes, characters, flush);
        return new string(characters);
    }
}
