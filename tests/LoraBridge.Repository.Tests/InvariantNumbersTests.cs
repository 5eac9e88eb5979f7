using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using LoraBridge.Cli.Benchmarking;
using LoraBridge.Extensions.AI;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.LLamaSharp;
using LoraBridge.Model;

namespace LoraBridge.Repository.Tests;

/// <summary>
/// Numbers with a fraction are written and read alike wherever the program runs: nothing that is compiled here formats or parses one
/// by the culture of the thread. It is the code that is looked at, since texts of errors are too many to be provoked one by one.
/// </summary>
public sealed class InvariantNumbersTests
{
    private static readonly Type[] Fractions = [typeof(float), typeof(double), typeof(decimal), typeof(Half), typeof(DateTime), typeof(DateTimeOffset)];

    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields().Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    private static readonly Assembly[] Written =
    [
        typeof(LM).Assembly, typeof(GgufFile).Assembly, typeof(TrainingPrecision).Assembly, typeof(NativeException).Assembly,
        typeof(LoraBridgeChatClient).Assembly, typeof(AdapterExtensions).Assembly, typeof(RandomModel).Assembly,
    ];

    [Fact]
    public void No_number_is_formatted_or_parsed_by_the_culture_of_the_thread()
    {
        var found = Written.SelectMany(CulturedCalls).ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    [Fact]
    public void Those_that_are_would_be_found() => Assert.Equal(3, CulturedCalls(typeof(Samples)).Count());

    private static IEnumerable<string> CulturedCalls(Assembly assembly) => assembly.GetTypes().SelectMany(CulturedCalls);

    private static IEnumerable<string> CulturedCalls(Type type)
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        foreach (var method in type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)))
        {
            var usesCulture = false;
            foreach (var called in Calls(method))
            {
                if (called is ConstructorInfo { DeclaringType: var made } && made == typeof(DefaultInterpolatedStringHandler))
                    usesCulture = called.GetParameters().Length == 2;
                else if (IsCultured(called, usesCulture))
                    yield return $"{type}.{method.Name} calls {called.DeclaringType?.Name}.{called.Name} without a culture";
            }
        }
    }

    private static bool IsCultured(MethodBase called, bool handlerUsesCulture)
    {
        if (called.DeclaringType == typeof(DefaultInterpolatedStringHandler))
            return handlerUsesCulture && called is { Name: "AppendFormatted", IsGenericMethod: true } && IsFraction(called.GetGenericArguments()[0]);
        return IsFraction(called.DeclaringType) && called.Name is "ToString" or "Parse" or "TryParse" && called.DeclaringType is { } type && IsFraction(type)
            && called.GetParameters().All(parameter => parameter.ParameterType != typeof(IFormatProvider));
    }

    private static bool IsFraction(Type? type) => type is not null && Fractions.Contains(Nullable.GetUnderlyingType(type) ?? type);

    /// <summary>The methods that a method calls, in the order in which it is written.</summary>
    private static IEnumerable<MethodBase> Calls(MethodBase method)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } code)
            yield break;
        var (typeArguments, methodArguments) = (method.DeclaringType?.GetGenericArguments(), method.IsGenericMethod ? method.GetGenericArguments() : null);
        for (var at = 0; at < code.Length;)
        {
            var value = code[at] == 0xFE ? (short)(0xFE00 | code[at + 1]) : code[at];
            at += code[at] == 0xFE ? 2 : 1;
            var operation = Codes[value];
            if (operation.OperandType == OperandType.InlineMethod)
                yield return method.Module.ResolveMethod(BitConverter.ToInt32(code, at), typeArguments, methodArguments)!;
            at += operation.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
                _ => 4,
            };
        }
    }

#pragma warning disable CA1305, CA1822 // What is forbidden, to be found.
    private static class Samples
    {
        internal static string Interpolated(double number, int whole) => $"{whole} of {number}";

        internal static string Alone(float number) => number.ToString();

        internal static double Parsed(string text) => double.Parse(text);

        internal static string Invariant(double number) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{number}");
    }
#pragma warning restore CA1305, CA1822
}
