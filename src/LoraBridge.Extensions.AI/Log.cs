using Microsoft.Extensions.Logging;

namespace LoraBridge.Extensions.AI;

/// <summary>What is logged.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Loaded {Model} ({Architecture}, {Parameters} parameters) on {Backend} in {Seconds:0.0} s.")]
    internal static partial void Loaded(this ILogger logger, string model, string architecture, long parameters, string backend, double seconds);

    [LoggerMessage(2, LogLevel.Debug, "{Model} answered {Output} tokens to {Input} ({Cached} of them cached) in {Seconds:0.000} s: {Reason}.")]
    internal static partial void Answered(this ILogger logger, string model, int output, int input, int cached, double seconds, string reason);

    [LoggerMessage(3, LogLevel.Debug, "{Model} embedded {Texts} texts of {Tokens} tokens in {Seconds:0.000} s.")]
    internal static partial void Embedded(this ILogger logger, string model, int texts, long tokens, double seconds);
}
