namespace LoraBridge.TextGeneration;

/// <summary>A chat template cannot be parsed, or refuses the conversation it is given.</summary>
/// <remarks>A template is part of a model file, so this is a fault of that file (or a conversation it does not accept), not of the caller's code.</remarks>
public sealed class ChatTemplateException : FormatException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed.</param>
    /// <param name="line">The template's line, counted from 1; 0 where it is unknown.</param>
    /// <param name="innerException">The cause, if another exception led to this one.</param>
    public ChatTemplateException(string message, int line = 0, Exception? innerException = null)
        : base(line > 0 ? $"Chat template, line {line}: {message}" : $"Chat template: {message}", innerException)
    {
        Line = line;
        Reason = message;
    }

    /// <summary>The template's line, counted from 1; 0 where it is unknown.</summary>
    public int Line { get; }

    /// <summary>The message without the line.</summary>
    internal string Reason { get; }
}
