using System.Text;

namespace LoraBridge.TextGeneration;

/// <summary>An answer that is nothing but text.</summary>
internal sealed class PlainAnswerParser : IAnswerParser
{
    private readonly StringBuilder _text = new();

    public IReadOnlyList<string> Marks => [];

    public string Text => _text.ToString();

    public string? Reasoning => null;

    public bool IsReasoning => false;

    public IReadOnlyList<ToolCall> ToolCalls => [];

    public void Append(string text, Action<GenerationUpdate> emit)
    {
        if (text.Length == 0)
            return;
        _text.Append(text);
        emit(new TextUpdate(text));
    }

    public void Complete(Action<GenerationUpdate> emit)
    {
    }
}
