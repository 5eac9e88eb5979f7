using LoraBridge.Finetuning;
using LoraBridge.Model;

namespace LoraBridge.Cli.Output;

/// <summary>Says in one line what failed, with what, and what to do.</summary>
internal static class Failure
{
    /// <param name="failure">What was thrown.</param>
    /// <param name="command">The command that failed; null where it does not matter.</param>
    internal static string Describe(Exception failure, string? command = null)
    {
        var message = OneLine.Of(WithoutParameter(failure));
        var advice = Advice(failure, command);
        return advice.Length == 0 ? message : $"{message.TrimEnd('.')}. {advice}";
    }

    private static string Advice(Exception failure, string? command) => failure switch
    {
        AdapterMismatchException => "Use the adapter with the model that it was trained on.",
        FileNotFoundException or DirectoryNotFoundException => "Check the path.",
        InvalidDataException when TrainingDataset.IsAboutData(failure) => "",
        InvalidDataException when command == "inspect" => "The file is damaged, or no model or adapter in GGUF: 'train' and 'eval' say what they read.",
        InvalidDataException => "The file is damaged, or not what is expected here: fetch or make it again; 'lorabridge inspect FILE' shows what it holds.",
        UnauthorizedAccessException => "Check the permissions.",
        NativeException => "'lorabridge backends' shows what this machine offers; --verbose shows the native log.",
        InsufficientMemoryException or OutOfMemoryException => "Use a smaller --ctx or a smaller model.",
        DllNotFoundException or ArgumentException or InvalidOperationException or NotSupportedException or IOException
            or FormatException or LoraTrainingDivergedException => "",
        _ => $"This is a {failure.GetType().Name}, which was not expected: run the command again with --verbose and report what it shows.",
    };

    /// <summary>The name of a method's parameter means nothing to users.</summary>
    private static string WithoutParameter(Exception failure)
    {
        if (failure is not ArgumentException { ParamName: not null })
            return failure.Message;
        var end = failure.Message.IndexOf(" (Parameter '", StringComparison.Ordinal);
        return end < 0 ? failure.Message : failure.Message[..end];
    }
}
