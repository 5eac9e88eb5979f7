using System.Reflection;
using System.Runtime.InteropServices;
using LoraBridge.Extensions.AI;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Repository.Tests;

/// <summary>What the packages show to those who use them.</summary>
public sealed class PublicApiTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Assembly[] Shown = [typeof(LM).Assembly, typeof(LoraBridgeChatClient).Assembly, typeof(TrainingPrecision).Assembly, typeof(GgufFile).Assembly];
    private static readonly Assembly Native = typeof(NativeException).Assembly;

    [Fact]
    public void The_bindings_show_their_exception_only() => Assert.Equal([typeof(NativeException)], Native.GetExportedTypes());

    [Fact]
    public void No_pointer_handle_or_native_struct_is_public() =>
        Assert.Empty(
            from type in Shown.SelectMany(assembly => assembly.GetExportedTypes())
            from member in type.GetMembers(Declared).Where(IsVisible)
            from used in TypesOf(member).SelectMany(Parts)
            where used.IsPointer || used.IsFunctionPointer || used == typeof(IntPtr) || used == typeof(UIntPtr)
                || used.IsAssignableTo(typeof(SafeHandle)) || (used.Assembly == Native && used != typeof(NativeException))
            select $"{type}.{member.Name} shows {used}");

    [Fact]
    public void No_static_state_can_be_set() =>
        Assert.Empty(
            from type in Shown.SelectMany(assembly => assembly.GetExportedTypes())
            from member in type.GetMembers(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            where member is FieldInfo { IsInitOnly: false, IsLiteral: false } || (member is PropertyInfo property && property.SetMethod is { IsPublic: true })
            select $"{type}.{member.Name}");

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
        FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
        PropertyInfo property => property.GetAccessors().Length > 0,
        _ => false,
    };

    private static IEnumerable<Type> TypesOf(MemberInfo member) => member switch
    {
        MethodInfo method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType),
        ConstructorInfo constructor => constructor.GetParameters().Select(parameter => parameter.ParameterType),
        FieldInfo field => [field.FieldType],
        PropertyInfo property => [property.PropertyType],
        _ => [],
    };

    private static IEnumerable<Type> Parts(Type type) =>
        type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type)
        : type.HasElementType && !type.IsPointer ? Parts(type.GetElementType()!)
        : [type];
}
