namespace LoraBridge.Data;

/// <summary>Faults of training data: <see cref="InvalidDataException"/>s that can be told from those about models and adapters.</summary>
internal static class DatasetFault
{
    private const string Key = "LoraBridge.TrainingData";

    public static InvalidDataException Create(string message, Exception? cause = null) => new(message, cause) { Data = { [Key] = true } };

    public static bool Is(Exception exception) => exception.Data.Contains(Key);
}
