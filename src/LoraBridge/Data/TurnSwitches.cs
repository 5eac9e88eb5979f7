using System.Globalization;
using System.Text.Json;

namespace LoraBridge.Data;

/// <summary>Fields by which data sets say of a single turn whether it is to be learnt.</summary>
internal static class TurnSwitches
{
    /// <summary><c>weight</c> as OpenAI writes it, <c>train</c> and <c>training</c> as Axolotl does, <c>loss</c> as ms-swift does, and their relatives.</summary>
    public static readonly string[] Names =
        ["weight", "train", "loss", "train_on_turn", "training", "trainable", "is_trained", "learn", "loss_weight", "loss_scale"];

    /// <summary>Whether a turn is to be learnt; null where nothing is said.</summary>
    /// <param name="turn">The turn.</param>
    /// <param name="losses">Receives what cannot be obeyed to the letter.</param>
    /// <exception cref="DatasetRowException">A field holds something else.</exception>
    public static bool? Read(JsonElement turn, List<string> losses)
    {
        bool? result = null;
        foreach (var name in Names)
        {
            if (turn.TryGetProperty(name, out var value) && Weight(name, value) is { } weight)
            {
                if (weight is not (0 or 1))
                    losses.Add(string.Create(CultureInfo.InvariantCulture, $"a turn's '{name}' of {weight} counts as 1"));
                result = result != false && weight != 0;
            }
        }
        return result;
    }

    private static double? Weight(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        JsonValueKind.Number when value.TryGetDouble(out var number) && number >= 0 && double.IsFinite(number) => number,
        JsonValueKind.String when value.GetString() is "true" or "True" or "1" => 1,
        JsonValueKind.String when value.GetString() is "false" or "False" or "0" => 0,
        _ => throw new DatasetRowException($"'{name}' of a turn is {value.GetRawText()}, expected true, false or a number that is not negative"),
    };
}
