namespace LoraBridge.Training;

/// <summary>Says of which architecture it is that something cannot be traced or differentiated: the place where that shows knows operations only.</summary>
internal static class UnsupportedModel
{
    /// <exception cref="NotSupportedException"><paramref name="action"/> threw one; the message names the architecture before what it said.</exception>
    public static T Named<T>(string architecture, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (NotSupportedException fault)
        {
            throw new NotSupportedException($"Models of the architecture '{architecture}' cannot be trained yet. {fault.Message}", fault);
        }
    }
}
