using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration.Answers;

/// <summary>What a parser makes of an answer that comes in pieces.</summary>
/// <param name="Text">All text updates.</param>
/// <param name="Reasoning">All updates of thoughts; null when the parser says that there were none.</param>
/// <param name="Calls">The calls.</param>
internal sealed record AnswerRecording(string Text, string? Reasoning, IReadOnlyList<ToolCall> Calls)
{
    internal static AnswerRecording Of(IAnswerParser parser, IEnumerable<string> pieces)
    {
        var updates = new List<GenerationUpdate>();
        foreach (var piece in pieces)
            parser.Append(piece, updates.Add);
        parser.Complete(updates.Add);
        var text = string.Concat(updates.OfType<TextUpdate>().Select(update => update.Text));
        var reasoning = string.Concat(updates.OfType<ReasoningUpdate>().Select(update => update.Text));
        var calls = updates.OfType<ToolCallUpdate>().Select(update => update.Call).ToList();
        Assert.DoesNotContain(updates, update => update is TextUpdate { Text: "" } or ReasoningUpdate { Text: "" });
        // What was reported piece by piece is what the parser says at the end.
        Assert.Equal((text, reasoning), (parser.Text, parser.Reasoning ?? ""));
        Assert.Equal(calls, parser.ToolCalls);
        return new AnswerRecording(text, parser.Reasoning, calls);
    }

    internal static IEnumerable<string> InPieces(string text, Random random)
    {
        for (var i = 0; i < text.Length;)
        {
            var length = Math.Min(random.Next(1, 9), text.Length - i);
            yield return text.Substring(i, length);
            i += length;
        }
    }

    internal bool IsLike(AnswerRecording other) =>
        (Text, Reasoning) == (other.Text, other.Reasoning) && Calls.SequenceEqual(other.Calls);
}
