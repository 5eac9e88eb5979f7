namespace LoraBridge.Model;

/// <summary>Too many responses are waiting already; try again later.</summary>
public sealed class InferenceQueueFullException : Exception
{
    /// <summary>Creates the exception.</summary>
    public InferenceQueueFullException() : this("Too many answers wait already.") { }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">How many wait.</param>
    public InferenceQueueFullException(string message) : base(message) { }

    /// <summary>Creates the exception with the failure that caused it.</summary>
    /// <param name="message">How many wait.</param>
    /// <param name="innerException">The cause, or null.</param>
    public InferenceQueueFullException(string message, Exception? innerException) : base(message, innerException) { }
}
