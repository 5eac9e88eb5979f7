namespace LoraBridge.TextGeneration;

/// <summary>A grammar or JSON schema cannot be used: the message says what was found, and where.</summary>
public sealed class GrammarException : FormatException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong, and where.</param>
    /// <param name="innerException">The cause, if another exception led to this one.</param>
    public GrammarException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}
